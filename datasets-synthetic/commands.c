/* SPDX-License-Identifier: Apache-2.0 */
/* The commands pictures and altered. Jobs are pictures: each is painted once, then encoded, or altered and encoded copy
 * by copy, or only digested. Manifests follow from the plans alone and are written last, in order, so that a manifest
 * names nothing that is missing. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "options.h"
#include "work.h"

enum { PATH_MAX_BYTES = 4096, COPY_NAME_MAX = 96 };

struct digest {
  int width, height;
  XXH128_hash_t hash;
};

struct production {
  const struct options *options;
  struct digest *digests; /* NULL: files are written */
};

static struct digest digest_of(const struct canvas *canvas) {
  return (struct digest){canvas->width, canvas->height, XXH3_128bits(canvas->pixels, canvas_size(canvas))};
}

static void digest_print(const struct digest *digest, const char *name) {
  XXH128_canonical_t canonical;
  XXH128_canonicalFromHash(&canonical, digest->hash);
  printf("%s %dx%d ", name, digest->width, digest->height);
  for (size_t i = 0; i < sizeof canonical.digest; i++) printf("%02x", canonical.digest[i]);
  putchar('\n');
}

static bool write_picture(const struct options *options, const struct recipe *recipe, const char *name,
                          const struct canvas *canvas, struct failure *failure) {
  char path[PATH_MAX_BYTES];
  int length = snprintf(path, sizeof path, "%s/%s", options->out, name);
  if (length >= (int)sizeof path) return failure_set(failure, "%s: the path is too long", options->out);
  struct output_bytes bytes = {0};
  bool done = recipe_encode(recipe, canvas, &bytes, failure) && output_file(path, &bytes, failure);
  free(bytes.data);
  return done;
}

/* The folder itself and, in large sets, its numbered subfolders: files `first` to `end` - 1. */
static bool make_folders(const char *out, uint64_t first, uint64_t end, bool numbered, struct failure *failure) {
  char path[PATH_MAX_BYTES];
  if (!output_folder(out, failure)) return false;
  for (uint64_t folder = first / FOLDER_FILES; numbered && folder * FOLDER_FILES < end; folder++) {
    if (snprintf(path, sizeof path, "%s/%03" PRIu64, out, folder) >= (int)sizeof path) {
      return failure_set(failure, "%s: the path is too long", out);
    }
    if (!output_folder(path, failure)) return false;
  }
  return true;
}

/* ---- pictures ---- */

static bool picture_job(void *user, uint64_t place, struct failure *failure) {
  const struct production *production = user;
  const struct picture_set *set = &production->options->set;
  uint64_t number = set->first + place;
  char name[PICTURE_NAME_MAX];
  struct canvas canvas;
  if (!picture_paint(set, number, &canvas, failure)) return false;
  struct recipe recipe = picture_plan(set, number).recipe;
  picture_name(set, number, name);
  bool done = true;
  if (production->digests != NULL) production->digests[place] = digest_of(&canvas);
  else done = write_picture(production->options, &recipe, name, &canvas, failure);
  canvas_free(&canvas);
  return done;
}

static bool pictures_manifest(const struct options *options, struct failure *failure) {
  struct output_stream stream;
  const struct picture_set *set = &options->set;
  if (!output_open(&stream, options->manifest, failure)) return false;
  fputs("file,recipe,scene,width,height\n", stream.file);
  for (uint64_t number = set->first; number < set->first + set->count && output_good(&stream); number++) {
    char name[PICTURE_NAME_MAX], recipe[RECIPE_NAME_MAX];
    struct picture_plan plan = picture_plan(set, number);
    picture_name(set, number, name);
    recipe_name(&plan.recipe, recipe);
    fprintf(stream.file, "%s,%s,%s,%d,%d\n", name, recipe, scene_name(plan.kind), plan.width, plan.height);
  }
  return output_close(&stream, true, failure);
}

static bool flush_digests(struct failure *failure) {
  struct output_stream stream = {.path = "-", .file = stdout};
  return output_close(&stream, true, failure);
}

bool pictures_write(const struct options *options, struct failure *failure) {
  const struct picture_set *set = &options->set;
  struct production production = {.options = options};
  bool done;
  if (options->digest) {
    production.digests = calloc(set->count + 1, sizeof *production.digests);
    done = production.digests != NULL || failure_set(failure, "out of memory");
  } else {
    done = make_folders(options->out, set->first, set->first + set->count, set->count > FOLDER_FILES, failure);
  }
  done = done && work_run(set->count, options->threads, picture_job, &production, failure);
  for (uint64_t place = 0; done && options->digest && place < set->count; place++) {
    char name[PICTURE_NAME_MAX];
    snprintf(name, sizeof name, "p%06" PRIu64, set->first + place);
    digest_print(&production.digests[place], name);
  }
  if (done && options->digest) done = flush_digests(failure);
  free(production.digests);
  if (done && options->manifest != NULL) done = pictures_manifest(options, failure);
  return done;
}

/* ---- altered ---- */

static struct alter_plan copy_plan(const struct options *options, uint64_t number, int copy) {
  struct picture_plan source = picture_plan(&options->set, number);
  uint64_t turn = number * (uint64_t)options->copies + (uint64_t)copy;
  enum alteration alteration = options->alterations[turn % (uint64_t)options->alteration_count];
  return alter_plan(alteration, options->set.seed, number, source.width, source.height);
}

static bool copies_in_folders(const struct options *options) {
  return options->set.count * (uint64_t)options->copies > FOLDER_FILES;
}

static void copy_name(const struct options *options, uint64_t number, int copy, const struct alter_plan *plan,
                      char name[COPY_NAME_MAX]) {
  uint64_t folder = (number * (uint64_t)options->copies + (uint64_t)copy) / FOLDER_FILES;
  int used = 0;
  if (copies_in_folders(options)) used = snprintf(name, COPY_NAME_MAX, "%03" PRIu64 "/", folder);
  snprintf(name + used, (size_t)(COPY_NAME_MAX - used), "p%06" PRIu64 "-%s.%s", number, alter_name(plan->alteration),
           plan->recipe.png ? "png" : "jpg");
}

static bool copy_make(const struct production *production, uint64_t number, int copy, const struct canvas *source,
                      struct failure *failure) {
  const struct options *options = production->options;
  struct alter_plan plan = copy_plan(options, number, copy);
  struct canvas result = {0};
  char name[COPY_NAME_MAX];
  if (!alter_apply(&plan, source, &result, failure)) return false;
  copy_name(options, number, copy, &plan, name);
  bool done = true;
  uint64_t place = (number - options->set.first) * (uint64_t)options->copies + (uint64_t)copy;
  if (production->digests != NULL) production->digests[place] = digest_of(&result);
  else done = write_picture(options, &plan.recipe, name, &result, failure);
  canvas_free(&result);
  return done;
}

static bool altered_job(void *user, uint64_t place, struct failure *failure) {
  const struct production *production = user;
  uint64_t number = production->options->set.first + place;
  struct canvas source;
  if (!picture_paint(&production->options->set, number, &source, failure)) return false;
  bool done = true;
  for (int copy = 0; done && copy < production->options->copies; copy++) {
    done = copy_make(production, number, copy, &source, failure);
  }
  canvas_free(&source);
  return done;
}

static void altered_line(FILE *file, const struct options *options, uint64_t number, int copy) {
  char name[COPY_NAME_MAX], source[PICTURE_NAME_MAX];
  struct alter_plan plan = copy_plan(options, number, copy);
  copy_name(options, number, copy, &plan, name);
  picture_name(&options->set, number, source);
  fprintf(file, "%s,%s,%s,%s\n", name, source, alter_name(plan.alteration), plan.parameter);
}

static bool altered_manifest(const struct options *options, struct failure *failure) {
  struct output_stream stream;
  char path[PATH_MAX_BYTES];
  const struct picture_set *set = &options->set;
  int length = snprintf(path, sizeof path, "%s/manifest.csv", options->out);
  if (length >= (int)sizeof path) return failure_set(failure, "%s: the path is too long", options->out);
  if (!output_open(&stream, options->manifest != NULL ? options->manifest : path, failure)) return false;
  fputs("file,source,alteration,parameter\n", stream.file);
  for (uint64_t number = set->first; number < set->first + set->count && output_good(&stream); number++) {
    for (int copy = 0; copy < options->copies; copy++) altered_line(stream.file, options, number, copy);
  }
  return output_close(&stream, true, failure);
}

static void altered_digests(const struct production *production) {
  const struct options *options = production->options;
  const struct digest *digest = production->digests;
  for (uint64_t place = 0; place < options->set.count; place++) {
    uint64_t number = options->set.first + place;
    for (int copy = 0; copy < options->copies; copy++, digest++) {
      char name[COPY_NAME_MAX];
      struct alter_plan plan = copy_plan(options, number, copy);
      snprintf(name, sizeof name, "p%06" PRIu64 "-%s", number, alter_name(plan.alteration));
      digest_print(digest, name);
    }
  }
}

bool altered_write(const struct options *options, struct failure *failure) {
  const struct picture_set *set = &options->set;
  uint64_t copies = (uint64_t)options->copies;
  struct production production = {.options = options};
  bool done;
  if (options->digest) {
    production.digests = calloc(set->count * copies + 1, sizeof *production.digests);
    done = production.digests != NULL || failure_set(failure, "out of memory");
  } else {
    done = make_folders(options->out, set->first * copies, (set->first + set->count) * copies,
                        copies_in_folders(options), failure);
  }
  done = done && work_run(set->count, options->threads, altered_job, &production, failure);
  if (done && options->digest) {
    altered_digests(&production);
    done = flush_digests(failure);
  } else if (done) {
    done = altered_manifest(options, failure);
  }
  free(production.digests);
  return done;
}
