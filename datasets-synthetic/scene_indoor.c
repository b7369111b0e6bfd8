/* SPDX-License-Identifier: Apache-2.0 */
/* Motifs near the camera: still life (things on a table before a wall), close-up (a flower or fruit before an unsharp
 * background) and surface (a ground strewn with leaves or pebbles: overlapping shapes with sizes from a power law give
 * the image statistics of nature, see Lee, Mumford, Huang, "Occlusion Models for Natural Images", IJCV 2001). */
#include "scene.h"

static void wall(struct scene *scene) {
  struct point from = scene_place(scene, 0, 1000, 0, 300), to = scene_place(scene, 0, 1000, 500, 1000);
  struct colour light = scene_colour(scene, 5, 130, 130, 245), dark = scene_colour(scene, 10, 150, 30, 150);
  struct paint paint = paint_linear(light, dark, from, to);
  scene_cover(scene, &paint, random_range(&scene->random, 30, 170));
  painter_fill_all(&scene->painter, &paint);
}

static void hung_picture(struct scene *scene) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  struct point corner = scene_place(scene, 30, 750, 20, 250);
  int width = scene_length(scene, random_range(random, 120, 420));
  int height = width * random_range(random, 6, 14) / 10;
  struct paint frame = paint_flat(scene_colour(scene, 30, 160, 30, 140));
  outline_rectangle(&outline, corner, width, height);
  scene_shadow(scene, &outline, 150);
  painter_fill(&scene->painter, &outline, &frame);
  struct colour upper = scene_colour(scene, 40, 220, 60, 240), lower = scene_colour(scene, 40, 220, 30, 200);
  struct paint paint = paint_linear(upper, lower, corner, point_at(corner.x, corner.y + height));
  paint.texture = &scene->coarse;
  paint.strength = 220;
  paint.shift_x = random_below(random, scene->coarse.width);
  outline_rectangle(&outline, point_at(corner.x + width / 12, corner.y + width / 12), width * 10 / 12,
                    height - width / 6);
  painter_fill(&scene->painter, &outline, &paint);
}

static void table(struct scene *scene, int level) {
  struct outline outline;
  struct colour far = scene_colour(scene, 40, 160, 60, 200), near = scene_colour(scene, 40, 170, 40, 160);
  struct paint paint = paint_linear(far, near, scene_point(scene, 0, level), scene_point(scene, 300, 1000));
  scene_cover(scene, &paint, random_range(&scene->random, 60, 210));
  int tilt = random_range(&scene->random, -40, 40);
  outline_quad(&outline, scene_point(scene, 0, level + tilt), scene_point(scene, 1000, level - tilt),
               scene_point(scene, 1000, 1100), scene_point(scene, 0, 1100));
  painter_fill(&scene->painter, &outline, &paint);
}

static void ball(struct scene *scene, struct point foot, int size) {
  struct outline outline;
  struct point centre = point_at(foot.x, foot.y - size / 2);
  struct colour light = scene_colour(scene, 60, 240, 150, 250);
  struct paint paint = paint_radial(light, colour_mix(light, (struct colour){12, 10, 20}, 200),
                                    point_at(centre.x - size / 6, centre.y - size / 5), size * 3 / 4);
  scene_texture(scene, &paint, random_range(&scene->random, 0, 150));
  outline_ellipse(&outline, foot, size / 2, size / 8, 0);
  scene_shadow(scene, &outline, 170);
  outline_blob(&outline, &scene->random, centre, size / 2, size * random_range(&scene->random, 8, 11) / 20, 4);
  painter_fill(&scene->painter, &outline, &paint);
  struct paint shine = paint_flat((struct colour){255, 255, 250});
  shine.opacity = 120;
  outline_ellipse(&outline, point_at(centre.x - size / 6, centre.y - size / 5), size / 12, size / 16, 900);
  painter_fill(&scene->painter, &outline, &shine);
}

static void bottle(struct scene *scene, struct point foot, int size) {
  struct random_stream *random = &scene->random;
  struct outline outline = {0};
  int half = size / random_range(random, 5, 9), neck = half / random_range(random, 2, 4);
  int shoulder = size * random_range(random, 45, 75) / 100;
  const struct point profile[] = {{half, 0},      {half, -shoulder},         {neck, -shoulder - half}, {neck, -size},
                                  {-neck, -size}, {-neck, -shoulder - half}, {-half, -shoulder},       {-half, 0}};
  for (int i = 0; i < 8; i++) outline.points[outline.count++] = point_at(foot.x + profile[i].x, foot.y + profile[i].y);
  struct colour light = scene_colour(scene, 40, 220, 110, 240);
  struct paint paint = paint_linear(light, colour_mix(light, (struct colour){8, 14, 14}, 190),
                                    point_at(foot.x - half, foot.y), point_at(foot.x + half, foot.y));
  scene_shadow(scene, &outline, 150);
  painter_fill(&scene->painter, &outline, &paint);
  struct paint label = paint_linear((struct colour){238, 230, 208}, (struct colour){150, 140, 120},
                                    point_at(foot.x - half, foot.y), point_at(foot.x + half, foot.y));
  outline_rectangle(&outline, point_at(foot.x - half, foot.y - shoulder * 8 / 10), 2 * half, shoulder * 5 / 10);
  painter_fill(&scene->painter, &outline, &label);
  scene_write(scene, point_at(foot.x - half * 8 / 10, foot.y - shoulder * 7 / 10), half * 8 / 5, half / 18 + 1, 0,
              (struct colour){60, 30, 30});
}

static void crate(struct scene *scene, struct point foot, int size) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int tall = size * random_range(random, 4, 12) / 10, depth = size * random_range(random, 2, 5) / 10;
  int left = foot.x - size / 2, top = foot.y - tall;
  struct colour face = scene_colour(scene, 30, 210, 80, 230);
  struct paint front = paint_flat(face), lid = paint_flat(colour_mix(face, (struct colour){255, 255, 250}, 100));
  struct paint side = paint_flat(colour_mix(face, (struct colour){10, 10, 20}, 130));
  scene_texture(scene, &front, random_range(random, 20, 150));
  outline_rectangle(&outline, point_at(left, top), size + depth, tall);
  scene_shadow(scene, &outline, 150);
  outline_rectangle(&outline, point_at(left, top), size, tall);
  painter_fill(&scene->painter, &outline, &front);
  outline_quad(&outline, point_at(left, top), point_at(left + depth, top - depth / 2),
               point_at(left + size + depth, top - depth / 2), point_at(left + size, top));
  painter_fill(&scene->painter, &outline, &lid);
  outline_quad(&outline, point_at(left + size, top), point_at(left + size + depth, top - depth / 2),
               point_at(left + size + depth, foot.y - depth / 2), point_at(left + size, foot.y));
  painter_fill(&scene->painter, &outline, &side);
  if (random_percent(random, 60)) {
    scene_write(scene, point_at(left + size / 10, top + tall / 4), size * 8 / 10, size / 60 + 1, 0,
                (struct colour){34, 30, 30});
  }
}

static void books(struct scene *scene, struct point foot, int size) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int count = random_range(random, 2, 6), thick = size / 7;
  for (int i = 0; i < count; i++) {
    int length = size * random_range(random, 7, 11) / 10;
    int left = foot.x - length / 2 + random_range(random, -size / 12, size / 12);
    struct colour cover = scene_colour(scene, 60, 230, 50, 220);
    struct paint paint = paint_linear(cover, colour_mix(cover, (struct colour){10, 10, 10}, 120),
                                      point_at(left, foot.y), point_at(left + length, foot.y));
    outline_rectangle(&outline, point_at(left, foot.y - (i + 1) * thick), length, thick * 19 / 20);
    scene_shadow(scene, &outline, 110);
    painter_fill(&scene->painter, &outline, &paint);
    scene_write(scene, point_at(left + length / 8, foot.y - (i + 1) * thick + thick / 4), length * 7 / 10,
                thick / 16 + 1, 0, (struct colour){240, 230, 200});
  }
}

void scene_still_life(struct scene *scene) {
  struct random_stream *random = &scene->random;
  int level = random_range(random, 380, 780);
  wall(scene);
  int pictures = random_range(random, 0, 2), things = random_range(random, 2, 9);
  for (int i = 0; i < pictures; i++) hung_picture(scene);
  table(scene, level);
  for (int i = 0; i < things; i++) {
    int depth = level + (1000 - level) * (i + 1) / (things + 1);
    struct point foot = scene_place(scene, 20, 980, depth - 10, depth + 20);
    int size = scene_length(scene, random_range(random, 130, 460));
    int drawn = random_below(random, 100);
    if (drawn < 35) ball(scene, foot, size);
    else if (drawn < 60) bottle(scene, foot, size * 5 / 4);
    else if (drawn < 82) crate(scene, foot, size);
    else books(scene, foot, size);
  }
}

/* ---- Close-up ---- */

static void backdrop(struct scene *scene) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  wall(scene);
  int spots = random_range(random, 6, 30);
  for (int i = 0; i < spots; i++) {
    struct point centre = scene_place(scene, -50, 1050, -50, 1050);
    int radius = scene_length(scene, random_range(random, 30, 230));
    struct paint paint = paint_flat(scene_colour(scene, 30, 220, 20, 250));
    paint.opacity = random_range(random, 60, 220);
    outline_blob(&outline, random, centre, radius, radius, 25);
    painter_fill(&scene->painter, &outline, &paint);
  }
  int radius = clamp_int(scene_length(scene, random_range(random, 4, 22)) / PIXEL, 1, 64);
  for (int pass = 0; pass < 2; pass++) {
    if (!canvas_blur(scene->painter.canvas, radius)) scene->painter.out_of_memory = true;
  }
}

static void leaf(struct scene *scene, struct point foot, int length, int angle) {
  struct outline outline;
  struct point tip = point_turned(foot, point_at(length, 0), angle);
  struct point middle = point_turned(foot, point_at(length / 2, 0), angle);
  struct colour light = scene_colour(scene, 80, 220, 90, 220);
  struct paint paint = paint_linear(light, colour_mix(light, (struct colour){10, 24, 12}, 150), foot, tip);
  scene_texture(scene, &paint, 130);
  outline_ellipse(&outline, middle, length / 2, length / 6, angle);
  scene_shadow(scene, &outline, 120);
  painter_fill(&scene->painter, &outline, &paint);
  struct paint vein = paint_flat(colour_mix(light, (struct colour){240, 250, 220}, 110));
  outline_line(&outline, foot, tip, length / 50 + PIXEL / 4);
  painter_fill(&scene->painter, &outline, &vein);
}

static void flower(struct scene *scene, struct point heart, int radius) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int layers = random_range(random, 1, 3), petals = random_range(random, 5, 15), turn = random_below(random, 1024);
  struct colour light = scene_colour(scene, 50, 240, 150, 250), dark = scene_colour(scene, 90, 250, 50, 160);
  for (int layer = 0; layer < layers; layer++) {
    int reach = radius * (layers - layer) / layers;
    for (int i = 0; i < petals; i++) {
      int angle = turn + layer * 40 + i * 1024 / petals;
      struct point middle = point_turned(heart, point_at(reach / 2, 0), angle);
      struct paint paint = paint_linear(dark, light, heart, point_turned(heart, point_at(reach, 0), angle));
      paint.texture = &scene->streaks;
      paint.strength = 80;
      outline_ellipse(&outline, middle, reach * 11 / 20, reach * 3 / (petals + 2), angle);
      scene_shadow(scene, &outline, 90);
      painter_fill(&scene->painter, &outline, &paint);
    }
  }
  struct paint centre =
      paint_radial(scene_colour(scene, 120, 250, 150, 250), (struct colour){60, 36, 12}, heart, radius / 4);
  centre.texture = &scene->fine;
  centre.strength = 190;
  outline_blob(&outline, random, heart, radius / 5, radius / 5, 10);
  painter_fill(&scene->painter, &outline, &centre);
}

void scene_close_up(struct scene *scene) {
  struct random_stream *random = &scene->random;
  backdrop(scene);
  int leaves = random_range(random, 0, 7), flowers = random_range(random, 0, 4), fruits = random_range(random, 0, 4);
  if (leaves + flowers + fruits == 0) flowers = 1;
  for (int i = 0; i < leaves; i++) {
    struct point foot = scene_place(scene, 100, 900, 100, 900);
    int length = scene_length(scene, random_range(random, 200, 700));
    leaf(scene, foot, length, random_below(random, 1024));
  }
  for (int i = 0; i < flowers; i++) {
    struct point heart = scene_place(scene, 100, 900, 100, 900);
    flower(scene, heart, scene_length(scene, random_range(random, 130, 480)));
  }
  for (int i = 0; i < fruits; i++) {
    struct point foot = scene_place(scene, 50, 950, 300, 1000);
    ball(scene, foot, scene_length(scene, random_range(random, 120, 520)));
  }
}

/* ---- Surface ---- */

static void scattered(struct scene *scene, struct point centre, int radius, int form) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int narrow = radius * random_range(random, form == 0 ? 25 : 60, 100) / 100, angle = random_below(random, 1024);
  struct colour light = scene_colour(scene, 10, 200, 50, 245);
  struct colour dark = colour_mix(light, (struct colour){14, 12, 12}, random_range(random, 60, 190));
  struct paint paint = form == 1 ? paint_radial(light, dark, centre, radius * 5 / 4)
                                 : paint_linear(light, dark, point_at(centre.x - radius, centre.y - radius),
                                                point_at(centre.x + radius, centre.y + radius));
  scene_texture(scene, &paint, random_range(random, 20, 170));
  if (form == 0) outline_ellipse(&outline, centre, radius, narrow, angle);
  else if (form == 1) outline_blob(&outline, random, centre, radius, narrow, 20);
  else outline_box(&outline, centre, radius * 2, narrow * 2, angle);
  if (radius > 6 * PIXEL) scene_shadow(scene, &outline, 120);
  painter_fill(&scene->painter, &outline, &paint);
}

void scene_surface(struct scene *scene) {
  struct random_stream *random = &scene->random;
  wall(scene);
  struct paint ground = paint_flat(scene_colour(scene, 10, 170, 60, 220));
  scene_cover(scene, &ground, 255);
  ground.opacity = 160;
  painter_fill_all(&scene->painter, &ground);
  int form = random_below(random, 3);
  int things = random_percent(random, 20) ? random_range(random, 0, 6) : random_range(random, 20, 240);
  int largest = random_range(random, 120, 330);
  for (int i = 0; i < things; i++) {
    struct point centre = scene_place(scene, -50, 1050, -50, 1050);
    /* Radius falls like one over the rank. */
    int rank = random_range(random, 10, 110);
    scattered(scene, centre, scene_length(scene, largest * 10 / rank) + PIXEL, form);
  }
}
