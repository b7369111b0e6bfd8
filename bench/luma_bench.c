/* SPDX-License-Identifier: Apache-2.0 */
/* `hashscan-bench luma`: how far the hash of a frame's luma plane is from that of the same frame as RGB. Each file is
 * decoded and made a frame with 4:2:0 chroma, by BT.601 and BT.709, in 8 and 10 bits, of limited and full range; its
 * luma is hashed by hashscan_hash_luma and compared with two hashes of RGB: of the picture that the frame was made of,
 * and of the picture that a player makes of the frame. Beside them the bits that level fast leaves unknown, none of
 * which may be wrong. */
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/file_read.h"
#include "bench.h"
#include "image/image.h"

struct matrix {
  const char *name;
  double red, blue; /* their parts of luma; green has the rest */
};

static const struct matrix matrices[] = {{"bt601", 0.299, 0.114}, {"bt709", 0.2126, 0.0722}};
static const unsigned depths[] = {8, 10};
static const hashscan_luma_range ranges[] = {HASHSCAN_LUMA_RANGE_LIMITED, HASHSCAN_LUMA_RANGE_FULL};
enum { VARIANTS = 8 };

struct picture {
  uint32_t width, height;
  unsigned channels;
  uint8_t *rgb;
  size_t filled; /* rows */
};

/* Samples of a frame as numbers, whatever their bits. */
struct frame {
  const struct matrix *matrix;
  unsigned bits;
  hashscan_luma_range range;
  uint32_t width, height;
  uint16_t *luma;
  uint16_t *chroma[2]; /* 4:2:0 */
};

struct sample {
  unsigned from_picture, from_frame; /* bits */
  int quality_off;                   /* from the picture's */
  unsigned unknown;
};

struct hashers {
  hashscan_hasher *exact;
  hashscan_hasher *fast;
};

/* ---- Pictures ---------------------------------------------------------------------------------------------------- */

static bool on_begin(void *user, const struct image_info *info) {
  struct picture *picture = user;
  free(picture->rgb);
  *picture = (struct picture){.width = info->width, .height = info->height, .channels = info->channels};
  picture->rgb = malloc((size_t)info->width * info->height * 3);
  return picture->rgb != NULL;
}

static bool on_row(void *user, const uint8_t *pixels) {
  struct picture *picture = user;
  uint8_t *to = picture->rgb + picture->filled++ * picture->width * 3;
  for (size_t x = 0; x < picture->width; x++)
    for (size_t c = 0; c < 3; c++) to[3 * x + c] = pixels[x * picture->channels + (picture->channels == 1 ? 0 : c)];
  return true;
}

static bool picture_read(struct picture *picture, const char *path) {
  const hashscan_limits limits = HASHSCAN_LIMITS_INIT;
  const struct image_sink sink = {.user = picture, .begin = on_begin, .row = on_row};
  struct image_info info;
  char reason[HASHSCAN_REASON_SIZE];
  struct buffer file = {0};
  if (file_read(AT_FDCWD, path, limits.max_file_bytes, &file, reason) == HASHSCAN_STATUS_OK) {
    const hashscan_status status = image_decode(file.bytes, file.size, &limits, &sink, &info, reason);
    buffer_free(&file);
    if (status == HASHSCAN_STATUS_OK) return true;
  }
  fprintf(stderr, "hashscan-bench: %s: %s\n", path, reason);
  free(picture->rgb);
  picture->rgb = NULL;
  return false;
}

/* ---- Frames ------------------------------------------------------------------------------------------------------ */

static double largest(const struct frame *frame) {
  return (double)((1u << frame->bits) - 1);
}

static double unit(const struct frame *frame) {
  return (double)(1u << (frame->bits - 8));
}

static bool is_limited(const struct frame *frame) {
  return frame->range == HASHSCAN_LUMA_RANGE_LIMITED;
}

static uint16_t rounded(const struct frame *frame, double sample) {
  return (uint16_t)fmin(fmax(floor(sample + 0.5), 0.0), largest(frame));
}

static double luma_of(const struct matrix *matrix, const uint8_t *rgb) {
  return matrix->red * rgb[0] + (1.0 - matrix->red - matrix->blue) * rgb[1] + matrix->blue * rgb[2];
}

static uint16_t luma_sample(const struct frame *frame, double level) {
  return rounded(frame,
                 is_limited(frame) ? unit(frame) * (16.0 + 219.0 * level / 255.0) : largest(frame) * level / 255.0);
}

static double luma_level(const struct frame *frame, unsigned sample) {
  return is_limited(frame) ? 255.0 * (sample / unit(frame) - 16.0) / 219.0 : 255.0 * sample / largest(frame);
}

/* Chroma differences are -127.5 to 127.5 around the middle of the samples. */
static uint16_t chroma_sample(const struct frame *frame, double difference) {
  const double scale = is_limited(frame) ? unit(frame) * 224.0 : largest(frame);
  return rounded(frame, unit(frame) * 128.0 + scale * difference / 255.0);
}

static double chroma_level(const struct frame *frame, unsigned sample) {
  const double scale = is_limited(frame) ? unit(frame) * 224.0 : largest(frame);
  return 255.0 * (sample - unit(frame) * 128.0) / scale;
}

static size_t chroma_width(const struct frame *frame) {
  return ((size_t)frame->width + 1) / 2;
}

/* The mean of the up to four pixels that share a chroma sample. */
static void mean_of(const struct picture *picture, size_t x, size_t y, double mean[3]) {
  double count = 0.0;
  memset(mean, 0, 3 * sizeof *mean);
  for (size_t v = y; v < y + 2 && v < picture->height; v++)
    for (size_t u = x; u < x + 2 && u < picture->width; u++, count++)
      for (size_t c = 0; c < 3; c++) mean[c] += picture->rgb[(v * picture->width + u) * 3 + c];
  for (size_t c = 0; c < 3; c++) mean[c] /= count;
}

static void frame_fill(struct frame *frame, const struct picture *picture) {
  const struct matrix *m = frame->matrix;
  frame->width = picture->width;
  frame->height = picture->height;
  for (size_t k = 0; k < (size_t)frame->width * frame->height; k++)
    frame->luma[k] = luma_sample(frame, luma_of(m, picture->rgb + 3 * k));
  for (size_t y = 0; y < frame->height; y += 2) {
    for (size_t x = 0; x < frame->width; x += 2) {
      double rgb[3];
      mean_of(picture, x, y, rgb);
      const double luma = m->red * rgb[0] + (1.0 - m->red - m->blue) * rgb[1] + m->blue * rgb[2];
      const size_t at = y / 2 * chroma_width(frame) + x / 2;
      frame->chroma[0][at] = chroma_sample(frame, (rgb[2] - luma) / (2.0 * (1.0 - m->blue)));
      frame->chroma[1][at] = chroma_sample(frame, (rgb[0] - luma) / (2.0 * (1.0 - m->red)));
    }
  }
}

static uint8_t clamped(double level) {
  return (uint8_t)fmin(fmax(floor(level + 0.5), 0.0), 255.0);
}

/* What a player shows, with the nearest chroma sample for each pixel. */
static void frame_to_rgb(const struct frame *frame, uint8_t *rgb) {
  const struct matrix *m = frame->matrix;
  const double green = 1.0 - m->red - m->blue;
  for (size_t y = 0; y < frame->height; y++) {
    for (size_t x = 0; x < frame->width; x++) {
      const size_t at = y / 2 * chroma_width(frame) + x / 2;
      const double luma = luma_level(frame, frame->luma[y * frame->width + x]);
      const double to_blue = 2.0 * (1.0 - m->blue) * chroma_level(frame, frame->chroma[0][at]);
      const double to_red = 2.0 * (1.0 - m->red) * chroma_level(frame, frame->chroma[1][at]);
      uint8_t *to = rgb + (y * frame->width + x) * 3;
      to[0] = clamped(luma + to_red);
      to[1] = clamped(luma - (m->red * to_red + m->blue * to_blue) / green);
      to[2] = clamped(luma + to_blue);
    }
  }
}

/* ---- Measuring --------------------------------------------------------------------------------------------------- */

static bool hash_rgb(hashscan_hasher *hasher, const uint8_t *rgb, const struct picture *picture,
                     hashscan_image_hash *out) {
  return hashscan_hash_pixels(hasher, rgb, picture->width, picture->height, 3, 3 * (size_t)picture->width, out, NULL) ==
         HASHSCAN_SUCCESS;
}

/* `packed` has room for the plane. */
static bool hash_plane(hashscan_hasher *hasher, const struct frame *frame, uint8_t *packed, hashscan_image_hash *out) {
  const size_t count = (size_t)frame->width * frame->height;
  hashscan_luma luma = HASHSCAN_LUMA_INIT;
  luma.samples = frame->luma;
  luma.stride = 2 * (size_t)frame->width;
  luma.width = frame->width;
  luma.height = frame->height;
  luma.bits = frame->bits;
  luma.range = frame->range;
  if (frame->bits == 8) {
    for (size_t k = 0; k < count; k++) packed[k] = (uint8_t)frame->luma[k];
    luma.samples = packed;
    luma.stride = frame->width;
  }
  return hashscan_hash_luma(hasher, &luma, out, NULL) == HASHSCAN_SUCCESS;
}

static unsigned count_bits(const hashscan_pdq *bits) {
  static const hashscan_pdq none;
  return hashscan_pdq_distance(bits, &none);
}

static bool is_sound(const hashscan_image_hash *fast, const hashscan_image_hash *exact) {
  for (size_t b = 0; b < sizeof fast->hashes[0].bytes; b++)
    if (((fast->hashes[0].bytes[b] ^ exact->hashes[0].bytes[b]) & ~fast->unknown[0].bytes[b]) != 0) return false;
  return exact->quality >= fast->quality_low && exact->quality <= fast->quality_high;
}

/* `buffer` has room for the picture. */
static bool measure(const struct hashers *hashers, const struct picture *picture, struct frame *frame, uint8_t *buffer,
                    struct sample *sample) {
  hashscan_image_hash of_picture = HASHSCAN_IMAGE_HASH_INIT, of_frame = HASHSCAN_IMAGE_HASH_INIT,
                      of_luma = HASHSCAN_IMAGE_HASH_INIT, fast = HASHSCAN_IMAGE_HASH_INIT;
  frame_fill(frame, picture);
  if (!hash_rgb(hashers->exact, picture->rgb, picture, &of_picture)) return false;
  if (!hash_plane(hashers->exact, frame, buffer, &of_luma) || !hash_plane(hashers->fast, frame, buffer, &fast))
    return false;
  frame_to_rgb(frame, buffer);
  if (!hash_rgb(hashers->exact, buffer, picture, &of_frame)) return false;
  *sample = (struct sample){.from_picture = hashscan_pdq_distance(&of_luma.hashes[0], &of_picture.hashes[0]),
                            .from_frame = hashscan_pdq_distance(&of_luma.hashes[0], &of_frame.hashes[0]),
                            .quality_off = abs(of_luma.quality - of_picture.quality),
                            .unknown = count_bits(&fast.unknown[0])};
  return is_sound(&fast, &of_luma);
}

static void set_variant(struct frame *frame, unsigned variant) {
  frame->matrix = &matrices[variant / 4];
  frame->bits = depths[variant / 2 % 2];
  frame->range = ranges[variant % 2];
}

/* All variants of a file. Those of a file that cannot be read are skipped: *read tells. */
static bool measure_file(const struct hashers *hashers, const char *path, struct sample samples[VARIANTS], bool *read) {
  struct picture picture = {0};
  *read = picture_read(&picture, path);
  if (!*read) return true;
  const size_t count = (size_t)picture.width * picture.height;
  uint8_t *buffer = malloc(3 * count);
  struct frame frame = {.luma = malloc(2 * count)};
  for (size_t c = 0; c < 2; c++)
    frame.chroma[c] = malloc(2 * (((size_t)picture.width + 1) / 2 * (((size_t)picture.height + 1) / 2)));
  bool ok = buffer != NULL && frame.luma != NULL && frame.chroma[0] != NULL && frame.chroma[1] != NULL;
  for (unsigned v = 0; ok && v < VARIANTS; v++) {
    set_variant(&frame, v);
    ok = measure(hashers, &picture, &frame, buffer, &samples[v]);
  }
  if (!ok)
    fprintf(stderr, "hashscan-bench: %s: not hashed, or a certain bit or the quality of level fast is wrong\n", path);
  free(frame.luma);
  free(frame.chroma[0]);
  free(frame.chroma[1]);
  free(buffer);
  free(picture.rgb);
  return ok;
}

/* ---- Output ------------------------------------------------------------------------------------------------------ */

static int compare_doubles(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

struct spread {
  double p50, p90, max;
};

static struct spread spread_of(double *values, size_t count) {
  qsort(values, count, sizeof *values, compare_doubles);
  return (struct spread){values[count / 2], values[count * 9 / 10], values[count - 1]};
}

static void print_variant(unsigned variant, const struct spread spreads[4], size_t count, FILE *table, FILE *json) {
  static const char *const keys[] = {"picture", "frame", "quality", "unknown"};
  struct frame frame = {0};
  set_variant(&frame, variant);
  const char *range = is_limited(&frame) ? "limited" : "full";
  fprintf(table, "%-6s %2u bits %-8s", frame.matrix->name, frame.bits, range);
  for (size_t i = 0; i < 4; i++) fprintf(table, "  %6.0f %4.0f %4.0f", spreads[i].p50, spreads[i].p90, spreads[i].max);
  fputc('\n', table);
  if (json == NULL) return;
  fprintf(json, "%s\n  {\"matrix\":\"%s\",\"bits\":%u,\"range\":\"%s\",\"images\":%zu", variant == 0 ? "" : ",",
          frame.matrix->name, frame.bits, range, count);
  for (size_t i = 0; i < 4; i++)
    fprintf(json, ",\"%s\":{\"p50\":%.0f,\"p90\":%.0f,\"max\":%.0f}", keys[i], spreads[i].p50, spreads[i].p90,
            spreads[i].max);
  fputc('}', json);
}

static bool report(const struct sample *samples, size_t count, FILE *table, FILE *json) {
  double *values = malloc(4 * count * sizeof *values);
  if (values == NULL) return false;
  fprintf(table, "%zu pictures             %18s  %16s  %16s  %16s\n", count, "bits to picture", "bits to frame",
          "quality off", "unknown at fast");
  fprintf(table, "%23s", "");
  for (size_t i = 0; i < 4; i++) fprintf(table, "  %6s %4s %4s", "p50", "p90", "max");
  fputc('\n', table);
  for (unsigned v = 0; v < VARIANTS; v++) {
    struct spread spreads[4];
    for (size_t i = 0; i < count; i++) {
      const struct sample *sample = &samples[i * VARIANTS + v];
      values[i] = sample->from_picture;
      values[count + i] = sample->from_frame;
      values[2 * count + i] = sample->quality_off;
      values[3 * count + i] = sample->unknown;
    }
    for (size_t i = 0; i < 4; i++) spreads[i] = spread_of(values + i * count, count);
    print_variant(v, spreads, count, table, json);
  }
  free(values);
  return true;
}

static bool open_hashers(struct hashers *hashers) {
  hashscan_hash_options options = HASHSCAN_HASH_OPTIONS_INIT;
  if (hashscan_hasher_create(&options, &hashers->exact, NULL) != HASHSCAN_SUCCESS) return false;
  options.level = HASHSCAN_LEVEL_FAST;
  return hashscan_hasher_create(&options, &hashers->fast, NULL) == HASHSCAN_SUCCESS;
}

static bool run(char **paths, size_t count, FILE *json) {
  struct hashers hashers = {0};
  struct sample *samples = calloc(count * VARIANTS, sizeof *samples);
  bool ok = samples != NULL && open_hashers(&hashers);
  size_t measured = 0;
  for (size_t i = 0; ok && i < count; i++) {
    bool read;
    ok = measure_file(&hashers, paths[i], samples + measured * VARIANTS, &read);
    measured += read;
  }
  ok = ok && measured > 0 && report(samples, measured, json == stdout ? stderr : stdout, json);
  hashscan_hasher_destroy(hashers.exact);
  hashscan_hasher_destroy(hashers.fast);
  free(samples);
  return ok;
}

struct settings {
  const char *json;
};

static const struct option options[] = {BENCH_JSON_OPTION(struct settings), {.name = NULL}};

static int run_luma(const struct command *command, int argc, char **argv) {
  struct settings settings = {NULL};
  struct operands files;
  int exit_code;
  if (!options_parse(command, argc, argv, &settings, &files, &exit_code)) return exit_code;
  if (files.count == 0) return options_misused(command, "no FILE");
  FILE *json;
  if (!bench_open_json(settings.json, &json)) return 2;
  if (json != NULL) fputs("{\"rows\":[", json);
  const bool ok = run(files.items, files.count, json);
  if (json != NULL) fputs("\n]}\n", json);
  return bench_close_json(json, settings.json) && ok ? 0 : 1;
}

const struct command bench_luma = {
    "luma", "FILE...", "Hashes luma planes of frames, against hashes of the same frames as RGB", options, run_luma};
