/* SPDX-License-Identifier: Apache-2.0 */
/* A main() for fuzz targets without libFuzzer: gives each file named on the command line, and each file in the folders
 * named there, to LLVMFuzzerTestOneInput. Inputs lie in buffers of exactly their size, so that a sanitizer sees every
 * read past the end. Prints the number of inputs; exits with 2 when one cannot be read. */
#include <dirent.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static size_t inputs;

static _Noreturn void give_up(const char *path) {
  fprintf(stderr, "%s: %s\n", path, strerror(errno));
  exit(2);
}

static void replay_file(const char *path, size_t size) {
  FILE *file = fopen(path, "rb");
  if (file == NULL) give_up(path);
  uint8_t *bytes = malloc(size);
  if ((bytes == NULL && size > 0) || fread(bytes, 1, size, file) != size) give_up(path);
  fclose(file);
  LLVMFuzzerTestOneInput(bytes, size);
  free(bytes);
  inputs++;
}

static void replay_path(const char *path);

static void replay_folder(const char *path) {
  DIR *folder = opendir(path);
  if (folder == NULL) give_up(path);
  for (struct dirent *entry; (entry = readdir(folder)) != NULL;) {
    if (entry->d_name[0] == '.') continue;
    char child[4096];
    if (snprintf(child, sizeof child, "%s/%s", path, entry->d_name) >= (int)sizeof child) {
      errno = ENAMETOOLONG;
      give_up(path);
    }
    replay_path(child);
  }
  closedir(folder);
}

static void replay_path(const char *path) {
  struct stat status;
  if (stat(path, &status) != 0) give_up(path);
  if (S_ISDIR(status.st_mode)) replay_folder(path);
  else if (S_ISREG(status.st_mode)) replay_file(path, (size_t)status.st_size);
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) replay_path(argv[i]);
  printf("%zu inputs\n", inputs);
  return 0;
}
