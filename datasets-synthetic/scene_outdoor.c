/* SPDX-License-Identifier: Apache-2.0 */
/* Motifs under the sky: landscape (clouds, ridges fading with distance, trees, water, a house) and street (facades with
 * windows, signs, road, cars, lamps). */
#include "scene.h"

static void sky(struct scene *scene, int horizon) {
  struct random_stream *random = &scene->random;
  int hue = random_range(random, 780, 1010), low_hue = random_range(random, 0, 220);
  bool evening = random_percent(random, 30);
  int top_saturation = random_range(random, 40, 190), top_value = random_range(random, 70, 235);
  int low_saturation = random_range(random, 10, 120), low_value = random_range(random, 150, 250);
  struct colour top = colour_of(hue, top_saturation, top_value);
  struct colour low = colour_of(evening ? low_hue : hue, low_saturation, low_value);
  struct paint paint = paint_linear(top, low, scene_point(scene, 0, 0), scene_point(scene, 0, horizon));
  paint.texture = &scene->coarse;
  paint.strength = random_range(random, 40, 200);
  painter_fill_all(&scene->painter, &paint);
}

static void sun(struct scene *scene, int horizon) {
  struct outline outline;
  struct point centre = scene_place(scene, 50, 950, 50, horizon);
  int radius = scene_length(scene, random_range(&scene->random, 25, 90));
  struct colour white = {255, 250, 225};
  struct paint halo = paint_flat(white);
  halo.opacity = 14;
  for (int ring = 40; ring >= 10; ring -= 2) {
    outline_ellipse(&outline, centre, radius * ring / 10, radius * ring / 10, 0);
    painter_fill(&scene->painter, &outline, &halo);
  }
  struct paint disk = paint_flat(white);
  outline_ellipse(&outline, centre, radius, radius, 0);
  painter_fill(&scene->painter, &outline, &disk);
}

enum { RIDGE_STEPS = 128 };

/* Midpoint displacement: `heights` in permille of the picture around `level`. */
static void ridge_heights(struct scene *scene, int heights[RIDGE_STEPS + 1], int level, int relief, int roughness) {
  heights[0] = level + random_range(&scene->random, -relief, relief);
  heights[RIDGE_STEPS] = level + random_range(&scene->random, -relief, relief);
  for (int step = RIDGE_STEPS; step > 1; step /= 2, relief = relief * roughness / 100) {
    for (int i = step / 2; i < RIDGE_STEPS; i += step) {
      int middle = (heights[i - step / 2] + heights[i + step / 2]) / 2;
      heights[i] = middle + random_range(&scene->random, -relief, relief);
    }
  }
}

static void ridge(struct scene *scene, int level, int relief, struct colour colour, int strength) {
  int heights[RIDGE_STEPS + 1];
  struct outline outline = {0};
  ridge_heights(scene, heights, level, relief, random_range(&scene->random, 42, 62));
  for (int i = 0; i <= RIDGE_STEPS; i++) {
    outline.points[outline.count++] = scene_point(scene, i * 1000 / RIDGE_STEPS, heights[i]);
  }
  outline.points[outline.count++] = scene_point(scene, 1000, 1010);
  outline.points[outline.count++] = scene_point(scene, 0, 1010);
  struct colour foot = colour_mix(colour, (struct colour){30, 34, 30}, 90);
  struct paint paint =
      paint_linear(colour, foot, scene_point(scene, 500, level - relief), scene_point(scene, 500, 1000));
  scene_cover(scene, &paint, strength);
  painter_fill(&scene->painter, &outline, &paint);
}

static void tree(struct scene *scene, struct point foot, int height, struct colour leaves) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int thickness = height / random_range(random, 9, 20);
  struct paint trunk = paint_linear((struct colour){96, 72, 52}, (struct colour){40, 30, 24},
                                    point_at(foot.x - thickness, foot.y), point_at(foot.x + thickness, foot.y));
  struct point top = point_at(foot.x + random_range(random, -thickness, thickness), foot.y - height * 6 / 10);
  outline_line(&outline, foot, top, thickness);
  painter_fill(&scene->painter, &outline, &trunk);
  int tufts = random_range(random, 3, 9);
  for (int i = 0; i < tufts; i++) {
    int x = top.x + random_range(random, -height / 4, height / 4);
    int y = top.y + random_range(random, -height / 3, height / 6);
    int radius = random_range(random, height / 8, height / 4);
    struct colour dark = colour_mix(leaves, (struct colour){16, 26, 18}, random_range(random, 90, 190));
    struct paint paint = paint_radial(leaves, dark, point_at(x - radius / 3, y - radius / 2), radius * 7 / 5);
    scene_texture(scene, &paint, 180);
    outline_blob(&outline, random, point_at(x, y), radius, radius * 9 / 10, 30);
    painter_fill(&scene->painter, &outline, &paint);
  }
}

static void trees(struct scene *scene, int near_level) {
  int count = random_range(&scene->random, 1, 12);
  struct colour leaves = scene_colour(scene, 70, 200, 60, 190);
  for (int i = 0; i < count; i++) {
    int depth = near_level + (980 - near_level) * i / count;
    struct point foot = scene_place(scene, 0, 1000, depth, depth + 30);
    int height = scene_length(scene, 60 + (depth - near_level) * random_range(&scene->random, 4, 13) / 10);
    tree(scene, foot, height, leaves);
  }
}

static void house(struct scene *scene, struct point corner, int size) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int tall = size * random_range(random, 6, 11) / 10;
  struct colour wall = scene_colour(scene, 10, 130, 120, 245), roof = scene_colour(scene, 60, 200, 60, 170);
  struct paint front = paint_flat(wall), side = paint_flat(colour_mix(wall, (struct colour){20, 20, 30}, 110));
  scene_texture(scene, &front, 40);
  outline_rectangle(&outline, corner, size, tall);
  scene_shadow(scene, &outline, 120);
  painter_fill(&scene->painter, &outline, &front);
  outline_rectangle(&outline, point_at(corner.x + size, corner.y), size / 2, tall);
  painter_fill(&scene->painter, &outline, &side);
  struct paint tiles = paint_flat(roof);
  scene_texture(scene, &tiles, 90);
  outline_quad(&outline, point_at(corner.x - size / 10, corner.y), point_at(corner.x + size / 3, corner.y - size / 2),
               point_at(corner.x + size * 5 / 4, corner.y - size / 2), point_at(corner.x + size * 8 / 5, corner.y));
  painter_fill(&scene->painter, &outline, &tiles);
  struct paint glass = paint_flat((struct colour){40, 48, 64});
  for (int i = 0; i < 3; i++) {
    outline_rectangle(&outline, point_at(corner.x + size * (1 + 3 * i) / 10, corner.y + tall / 4), size / 6, tall / 3);
    painter_fill(&scene->painter, &outline, &glass);
  }
}

static void water(struct scene *scene, int level) {
  struct outline outline;
  struct colour far = scene_colour(scene, 20, 110, 120, 220), near = scene_colour(scene, 60, 180, 30, 120);
  struct paint paint = paint_linear(far, near, scene_point(scene, 0, level), scene_point(scene, 0, 1000));
  paint.texture = &scene->streaks;
  paint.strength = random_range(&scene->random, 60, 200);
  paint.opacity = 230;
  struct point corner = scene_point(scene, 0, level);
  outline_rectangle(&outline, corner, scene->width, scene->height);
  painter_fill(&scene->painter, &outline, &paint);
}

void scene_landscape(struct scene *scene) {
  struct random_stream *random = &scene->random;
  int horizon = random_range(random, 220, 780);
  sky(scene, horizon);
  if (random_percent(random, 35)) sun(scene, horizon);
  int ridges = random_range(random, 1, 5);
  struct colour near = scene_colour(scene, 50, 190, 40, 170), haze = scene_colour(scene, 5, 70, 150, 230);
  int steep = random_range(random, 20, 190);
  for (int i = 0; i < ridges; i++) {
    int level = horizon + (1000 - horizon) * i * 7 / (ridges * 10);
    struct colour colour = colour_mix(haze, near, 256 * (i + 1) / ridges);
    ridge(scene, level, steep * (ridges - i) / ridges + 8, colour, random_range(random, 60, 220));
  }
  int ground = horizon + (1000 - horizon) * random_range(random, 2, 7) / 10;
  if (random_percent(random, 35)) water(scene, ground);
  if (random_percent(random, 35)) {
    struct point corner = scene_place(scene, 50, 800, horizon - 50, ground);
    house(scene, corner, scene_length(scene, random_range(random, 60, 260)));
  }
  if (random_percent(random, 70)) trees(scene, horizon);
}

/* ---- Street ---- */

static void windows(struct scene *scene, struct point corner, int width, int height) {
  struct random_stream *random = &scene->random;
  int columns = random_range(random, 2, 9), rows = random_range(random, 3, 12);
  int cell_x = width / columns, cell_y = height / rows;
  int share = random_range(random, 40, 80), lit = random_range(random, 2, 50);
  struct colour dark = scene_colour(scene, 20, 90, 20, 90), bright = scene_colour(scene, 20, 120, 180, 250);
  struct outline outline;
  for (int i = 0; i < columns * rows; i++) {
    struct colour glass = random_percent(random, lit) ? bright : dark;
    struct paint paint = paint_flat(colour_mix(glass, dark, random_range(random, 0, 120)));
    int x = corner.x + i % columns * cell_x + cell_x * (100 - share) / 200;
    int y = corner.y + i / columns * cell_y + cell_y * (100 - share) / 200;
    outline_rectangle(&outline, point_at(x, y), cell_x * share / 100, cell_y * share / 100);
    painter_fill(&scene->painter, &outline, &paint);
  }
}

static void sign(struct scene *scene, struct point corner, int width) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int height = width / random_range(random, 3, 6);
  struct colour board = scene_colour(scene, 60, 230, 40, 240);
  bool light = board.red + 2 * board.green + board.blue > 480;
  struct colour ink = light ? (struct colour){24, 24, 30} : (struct colour){246, 244, 236};
  struct paint paint = paint_flat(board);
  outline_rectangle(&outline, corner, width, height);
  scene_shadow(scene, &outline, 130);
  painter_fill(&scene->painter, &outline, &paint);
  scene_write(scene, point_at(corner.x + width / 20, corner.y + height / 5), width * 9 / 10, height * 6 / 70, 0, ink);
}

static void building(struct scene *scene, int left, int right, int top, int foot) {
  struct outline outline;
  struct point corner = scene_point(scene, left, top), opposite = scene_point(scene, right, foot);
  int width = opposite.x - corner.x, height = opposite.y - corner.y;
  struct colour wall = scene_colour(scene, 5, 120, 60, 230);
  struct paint paint =
      paint_linear(wall, colour_mix(wall, (struct colour){30, 30, 44}, 120), corner, point_at(opposite.x, corner.y));
  scene_texture(scene, &paint, random_range(&scene->random, 30, 130));
  outline_rectangle(&outline, corner, width, height);
  scene_shadow(scene, &outline, 90);
  painter_fill(&scene->painter, &outline, &paint);
  windows(scene, point_at(corner.x, corner.y + height / 20), width, height * 8 / 10);
  if (random_percent(&scene->random, 45)) {
    sign(scene, point_at(corner.x + width / 10, corner.y + height * 17 / 20), width * 8 / 10);
  }
}

static void car(struct scene *scene, struct point foot, int length) {
  struct outline outline;
  int tall = length / 4;
  struct paint body = paint_linear(scene_colour(scene, 60, 240, 90, 240), (struct colour){30, 30, 36},
                                   point_at(foot.x, foot.y - tall), point_at(foot.x, foot.y + tall / 2));
  struct paint glass = paint_flat((struct colour){52, 64, 80}), tyre = paint_flat((struct colour){22, 22, 24});
  outline_ellipse(&outline, point_at(foot.x + length / 2, foot.y), length * 11 / 20, tall / 5, 0);
  scene_shadow(scene, &outline, 170);
  outline_quad(&outline, point_at(foot.x + length / 4, foot.y - tall * 7 / 4),
               point_at(foot.x + length * 7 / 10, foot.y - tall * 7 / 4),
               point_at(foot.x + length * 9 / 10, foot.y - tall), point_at(foot.x + length / 8, foot.y - tall));
  painter_fill(&scene->painter, &outline, &glass);
  outline_rounded(&outline, point_at(foot.x, foot.y - tall), length, tall, tall / 3);
  painter_fill(&scene->painter, &outline, &body);
  for (int i = 0; i < 2; i++) {
    struct point hub = point_at(foot.x + length * (1 + 3 * i) / 5, foot.y);
    outline_ellipse(&outline, hub, length / 10, length / 10, 0);
    painter_fill(&scene->painter, &outline, &tyre);
  }
}

static void lamp(struct scene *scene, struct point foot, int height) {
  struct outline outline;
  struct paint pole = paint_flat((struct colour){44, 46, 50});
  struct colour warm = {255, 236, 190};
  struct point top = point_at(foot.x, foot.y - height);
  outline_line(&outline, foot, top, height / 40 + PIXEL / 2);
  painter_fill(&scene->painter, &outline, &pole);
  struct paint glow = paint_radial(warm, colour_mix(warm, (struct colour){90, 80, 60}, 90), top, height / 12);
  outline_ellipse(&outline, top, height / 12, height / 14, 0);
  painter_fill(&scene->painter, &outline, &glow);
}

static void road(struct scene *scene, int level) {
  struct outline outline;
  struct colour far = scene_colour(scene, 0, 30, 90, 160), near = scene_colour(scene, 0, 30, 40, 110);
  struct paint paint = paint_linear(far, near, scene_point(scene, 0, level), scene_point(scene, 0, 1000));
  paint.texture = &scene->fine;
  paint.strength = 70;
  outline_rectangle(&outline, scene_point(scene, 0, level), scene->width, scene->height);
  painter_fill(&scene->painter, &outline, &paint);
  struct paint line = paint_flat((struct colour){226, 222, 200});
  int vanish = random_range(&scene->random, 100, 900);
  for (int i = 0; i < 5; i++) {
    int foot = -800 + i * 600;
    outline_quad(&outline, scene_point(scene, vanish - 2, level), scene_point(scene, vanish + 2, level),
                 scene_point(scene, foot + 40, 1000), scene_point(scene, foot, 1000));
    painter_fill(&scene->painter, &outline, &line);
  }
}

void scene_street(struct scene *scene) {
  struct random_stream *random = &scene->random;
  int level = random_range(random, 600, 930);
  sky(scene, level);
  for (int layer = 0; layer < 2; layer++) {
    int reach = random_range(random, 0, 300);
    for (int left = -60; left < 1000;) {
      int width = random_range(random, 110, 420);
      int top = random_range(random, 20 + 150 * layer, level - 120);
      if (layer == 0 || random_percent(random, 70)) building(scene, left, left + width, top, level);
      left += width + (layer == 0 ? random_range(random, 0, 60) : reach);
    }
  }
  road(scene, level);
  int cars = random_range(random, 0, 4), lamps = random_range(random, 0, 4);
  for (int i = 0; i < lamps; i++) {
    struct point foot = scene_place(scene, 0, 1000, level, level + 30);
    lamp(scene, foot, scene_length(scene, random_range(random, 150, 520)));
  }
  for (int i = 0; i < cars; i++) {
    struct point foot = scene_place(scene, -60, 900, level + 20, 980);
    car(scene, foot, scene_length(scene, random_range(random, 120, 420)));
  }
}
