/* SPDX-License-Identifier: Apache-2.0 */
/* An everyday profile (ICC.1:2022) has a curve for each channel that is close to that of a display, and primaries where
 * real colour spaces have theirs. Nothing is trusted: each tag is checked against the size of the profile. */
#include "image/color_profile.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/bytes.h"

enum { HEADER_BYTES = 128, TAG_ENTRY_BYTES = 12, SPACE_OFFSET = 16, CONNECTION_OFFSET = 20, SIGNATURE_OFFSET = 36 };

static const char unusual[] = "unusual colour profile, which is not applied";

struct tag {
  const uint8_t *data;
  size_t size; /* at least 12 */
};

/* s15Fixed16Number (4.6). */
static double fixed(const uint8_t *bytes) {
  return (int32_t)load_be32(bytes) / 65536.0;
}

/* The first tag of that signature that lies whole in the profile. */
static bool find_tag(const uint8_t *profile, size_t size, uint32_t signature, struct tag *tag) {
  const size_t most = (size - HEADER_BYTES - 4) / TAG_ENTRY_BYTES;
  const size_t count = load_be32(profile + HEADER_BYTES);
  for (size_t i = 0; i < count && i < most; i++) {
    const uint8_t *entry = profile + HEADER_BYTES + 4 + i * TAG_ENTRY_BYTES;
    const size_t offset = load_be32(entry + 4);
    const size_t bytes = load_be32(entry + 8);
    if (load_be32(entry) != signature || bytes < 12 || offset > size || bytes > size - offset) continue;
    *tag = (struct tag){profile + offset, bytes};
    return true;
  }
  return false;
}

/* ---- Curves ------------------------------------------------------------------------------------------------------ */

/* curveType (10.6): identity, a gamma, or a table. */
static bool table_at(const struct tag *tag, double x, double *y) {
  const size_t count = load_be32(tag->data + 8);
  if (count > (tag->size - 12) / 2) return false;
  if (count == 0) *y = x;
  if (count == 1) *y = pow(x, load_be16(tag->data + 12) / 256.0);
  if (count <= 1) return true;
  const double place = x * (double)(count - 1);
  const size_t below = place < (double)(count - 1) ? (size_t)place : count - 2;
  const double low = load_be16(tag->data + 12 + 2 * below);
  const double high = load_be16(tag->data + 14 + 2 * below);
  *y = (low + (high - low) * (place - (double)below)) / 65535;
  return true;
}

/* parametricCurveType (10.18): (a x + b)^g + e from d on, c x + f below. */
static bool parametric_at(const struct tag *tag, double x, double *y) {
  static const size_t counts[] = {1, 3, 4, 5, 7};
  const unsigned type = load_be16(tag->data + 8);
  double p[7] = {0, 1, 0, 0, 0, 0, 0}; /* g a b c d e f */
  if (type > 4 || (tag->size - 12) / 4 < counts[type]) return false;
  for (size_t i = 0; i < counts[type]; i++) p[i] = fixed(tag->data + 12 + 4 * i);
  if (type == 1 || type == 2) {
    const double offset = type == 2 ? p[3] : 0;
    if (p[1] == 0) return false;
    p[4] = -p[2] / p[1];
    p[5] = p[6] = offset;
    p[3] = 0;
  }
  *y = type == 0 || x >= p[4] ? pow(p[1] * x + p[2], p[0]) + p[5] : p[3] * x + p[6];
  return true;
}

/* How light x is, as a display of gamma 2.2 shows it. The curve leads to luminance, or with `to_lightness` to L*. */
static bool shown_at(const struct tag *curve, bool to_lightness, double x, double *shown) {
  double y = 0;
  const uint32_t type = load_be32(curve->data);
  const bool known = type == FOURCC('c', 'u', 'r', 'v')   ? table_at(curve, x, &y)
                     : type == FOURCC('p', 'a', 'r', 'a') ? parametric_at(curve, x, &y)
                                                          : false;
  if (!known || !(y > -0.01 && y < 1.01)) return false; /* also when it is no number */
  *shown = to_lightness ? y : pow(y > 0 ? y : 0, 1 / 2.2);
  return true;
}

/* By how much a curve may rise within 1/255 that ends at x: twice the usual, but near black, where sRGB's and others
 * start as straight lines. A curve that is steeper can give contrast to what has none. */
static double steepest(double x) {
  if (x < 4.5 / 255) return 0.05;
  return x < 1.0 / 16 ? 0.02 : 2.0 / 255 + 0.004;
}

/* Rising, nowhere steep, and near the diagonal: gammas of 1.5 to 3.3, sRGB, L*, Rec. 709 are. */
static bool is_gentle_curve(const struct tag *curve, bool to_lightness, unsigned steps) {
  double recent[COLOR_PROFILE_MAX_STEPS / 255] = {0};
  const unsigned reach = steps / 255; /* steps in 1/255 */
  assert(reach >= 1 && steps <= COLOR_PROFILE_MAX_STEPS);
  for (unsigned i = 0; i <= steps; i++) {
    const double x = (double)i / steps;
    double shown = 0;
    if (!shown_at(curve, to_lightness, x, &shown) || fabs(shown - x) > 0.15) return false;
    const double before = i < reach ? shown : recent[i % reach];
    if (shown < before - 0.002 || shown > before + steepest(x)) return false;
    recent[i % reach] = shown;
  }
  return true;
}

/* Whether some stretch of shades that is long enough to hold a picture is shown with much more contrast than it has.
 * What lies below is left to the darkest shades, where usual curves differ most. The gammas named above rise 1.8 times.
 */
static bool gives_contrast(const struct tag *curve, bool to_lightness) {
  enum { LEVELS = 255, STRETCH = 16, DARKEST = 24 };
  for (unsigned i = DARKEST; i + STRETCH <= LEVELS; i++) {
    double low = 0, high = 0;
    if (!shown_at(curve, to_lightness, (double)i / LEVELS, &low) ||
        !shown_at(curve, to_lightness, (double)(i + STRETCH) / LEVELS, &high))
      return true;
    if (high - low > 1.8 * STRETCH / LEVELS) return true;
  }
  return false;
}

static bool is_usual_curve(const struct tag *curve, bool to_lightness, unsigned steps) {
  return is_gentle_curve(curve, to_lightness, steps) && !gives_contrast(curve, to_lightness);
}

static bool same_data(const struct tag *a, const struct tag *b) {
  return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

/* ---- Primaries --------------------------------------------------------------------------------------------------- */

static bool within(const struct tag *tag, const double low[3], const double high[3]) {
  if (load_be32(tag->data) != FOURCC('X', 'Y', 'Z', ' ') || tag->size < 20) return false;
  for (size_t i = 0; i < 3; i++) {
    const double value = fixed(tag->data + 8 + 4 * i);
    if (!(value >= low[i] && value <= high[i])) return false;
  }
  return true;
}

/* Around those of sRGB, Adobe RGB, P3, BT.2020, ProPhoto, NTSC and PAL, adapted to D50. What matters most for a hash is
 * the share of luminance, Y. */
static const struct {
  uint32_t primary, curve;
  double low[3], high[3];
} channels[3] = {
    {FOURCC('r', 'X', 'Y', 'Z'), FOURCC('r', 'T', 'R', 'C'), {0.30, 0.13, -0.05}, {0.90, 0.40, 0.12}},
    {FOURCC('g', 'X', 'Y', 'Z'), FOURCC('g', 'T', 'R', 'C'), {0.02, 0.50, -0.05}, {0.50, 0.90, 0.25}},
    {FOURCC('b', 'X', 'Y', 'Z'), FOURCC('b', 'T', 'R', 'C'), {-0.02, -0.05, 0.50}, {0.30, 0.20, 0.95}},
};

static bool is_usual_rgb(const uint8_t *profile, size_t size, unsigned steps) {
  struct tag curves[3];
  for (size_t i = 0; i < 3; i++) {
    struct tag primary;
    if (!find_tag(profile, size, channels[i].primary, &primary) || !within(&primary, channels[i].low, channels[i].high))
      return false;
    if (!find_tag(profile, size, channels[i].curve, &curves[i])) return false;
    if ((i == 0 || !same_data(&curves[i], &curves[0])) && !is_usual_curve(&curves[i], false, steps)) return false;
  }
  return true;
}

static bool is_usual_grey(const uint8_t *profile, size_t size, unsigned steps) {
  const bool to_lightness = memcmp(profile + CONNECTION_OFFSET, "Lab ", 4) == 0;
  struct tag curve;
  return find_tag(profile, size, FOURCC('k', 'T', 'R', 'C'), &curve) && is_usual_curve(&curve, to_lightness, steps);
}

/* ---- Profiles ---------------------------------------------------------------------------------------------------- */

bool color_code_points_are_usual(uint8_t primaries, uint8_t transfer) {
  static const uint8_t usual_primaries[] = {1, 2, 4, 5, 6, 7, 9, 11, 12};
  static const uint8_t usual_transfers[] = {1, 2, 4, 5, 6, 7, 13, 14, 15};
  return memchr(usual_primaries, primaries, sizeof usual_primaries) != NULL &&
         memchr(usual_transfers, transfer, sizeof usual_transfers) != NULL;
}

/* Tags that go before curves and primaries. */
static bool is_overridden(const uint8_t *profile, size_t size) {
  static const uint32_t tables[] = {FOURCC('A', '2', 'B', '0'), FOURCC('A', '2', 'B', '1'), FOURCC('A', '2', 'B', '2'),
                                    FOURCC('D', '2', 'B', '0'), FOURCC('D', '2', 'B', '1'), FOURCC('D', '2', 'B', '2'),
                                    FOURCC('D', '2', 'B', '3')};
  struct tag tag;
  for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
    if (find_tag(profile, size, tables[i], &tag)) return true;
  return find_tag(profile, size, FOURCC('c', 'i', 'c', 'p'), &tag) &&
         !color_code_points_are_usual(tag.data[8], tag.data[9]);
}

const char *color_profile_unseen(const uint8_t *profile, size_t size, unsigned steps) {
  if (size < HEADER_BYTES + 4 || memcmp(profile + SIGNATURE_OFFSET, "acsp", 4) != 0) return NULL;
  const bool rgb = memcmp(profile + SPACE_OFFSET, "RGB ", 4) == 0;
  const bool grey = memcmp(profile + SPACE_OFFSET, "GRAY", 4) == 0;
  if (!rgb && !grey) return NULL;
  if (is_overridden(profile, size)) return unusual;
  return (rgb ? is_usual_rgb(profile, size, steps) : is_usual_grey(profile, size, steps)) ? NULL : unusual;
}
