/* SPDX-License-Identifier: Apache-2.0 */
/* Motifs that people compose: collage (panels, as in a screenshot or a contact sheet), page (a printed sheet on a
 * desk), diagram (flat colours, charts, boxes, icons) and flat (next to nothing, for low PDQ quality). */
#include "scene.h"

static const struct colour INK = {22, 24, 30};
static const struct colour PAPER = {250, 248, 242};

/* Black or white, whichever stands out. */
static struct colour ink_on(struct colour ground) {
  int luma = 77 * ground.red + 150 * ground.green + 29 * ground.blue;
  return luma > 128 * 256 ? INK : PAPER;
}

/* A rectangle that holds a picture of its own: a gradient under strong coarse noise with a few shapes over it. */
static void panel_picture(struct scene *scene, struct point corner, int width, int height) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  struct colour from = scene_colour(scene, 20, 220, 30, 250), to = scene_colour(scene, 20, 220, 20, 240);
  bool level = random_percent(random, 40);
  struct paint paint =
      paint_linear(from, to, corner, point_at(corner.x + (level ? width : width / 9), corner.y + (level ? 0 : height)));
  scene_texture(scene, &paint, random_range(random, 80, 255));
  outline_rectangle(&outline, corner, width, height);
  painter_fill(&scene->painter, &outline, &paint);
  int shapes = random_range(random, 0, 3);
  for (int i = 0; i < shapes; i++) {
    int most = (width < height ? width : height) / 3;
    int radius = random_range(random, most / 4, most);
    int x = corner.x + random_range(random, radius, width - radius);
    int y = corner.y + random_range(random, radius, height - radius);
    struct colour colour = scene_colour(scene, 40, 240, 40, 250);
    struct paint shape = paint_radial(colour, colour_mix(colour, INK, 150), point_at(x, y), radius * 6 / 5);
    outline_blob(&outline, random, point_at(x, y), radius * 3 / 4, radius * 3 / 4, 25);
    painter_fill(&scene->painter, &outline, &shape);
  }
}

static void lines_of_text(struct scene *scene, struct point corner, int width, int height, int dot, struct colour ink) {
  struct random_stream *random = &scene->random;
  if (dot < PIXEL / 8) dot = PIXEL / 8;
  for (int y = 0; y + 9 * dot < height; y += 12 * dot) {
    if (random_percent(random, 8)) continue;
    bool last = random_percent(random, 15);
    int share = last ? random_range(random, 20, 80) : random_range(random, 92, 100);
    scene_write(scene, point_at(corner.x, corner.y + y), width * share / 100, dot, 0, ink);
  }
}

static void panel_text(struct scene *scene, struct point corner, int width, int height) {
  struct outline outline;
  struct colour ground = scene_colour(scene, 5, 220, 20, 250), ink = ink_on(ground);
  struct paint paint = paint_flat(ground);
  outline_rectangle(&outline, corner, width, height);
  painter_fill(&scene->painter, &outline, &paint);
  int dot = width / random_range(&scene->random, 70, 200) + 1;
  lines_of_text(scene, point_at(corner.x + width / 20, corner.y + height / 12), width * 9 / 10, height * 10 / 12, dot,
                ink);
}

static void panel(struct scene *scene, struct point corner, int width, int height, int depth) {
  struct random_stream *random = &scene->random;
  int gap = scene_length(scene, 6);
  if (depth > 0 && random_percent(random, 82)) {
    int share = random_range(random, 25, 75);
    if (width > height) {
      int left = width * share / 100;
      panel(scene, corner, left - gap, height, depth - 1);
      panel(scene, point_at(corner.x + left, corner.y), width - left, height, depth - 1);
    } else {
      int top = height * share / 100;
      panel(scene, corner, width, top - gap, depth - 1);
      panel(scene, point_at(corner.x, corner.y + top), width, height - top, depth - 1);
    }
    return;
  }
  if (width < 2 * PIXEL || height < 2 * PIXEL) return;
  if (random_percent(random, 25)) panel_text(scene, corner, width, height);
  else panel_picture(scene, corner, width, height);
}

void scene_collage(struct scene *scene) {
  struct paint ground = paint_flat(scene_colour(scene, 0, 120, 10, 250));
  painter_fill_all(&scene->painter, &ground);
  int margin = scene_length(scene, random_range(&scene->random, 0, 50));
  int depth = random_range(&scene->random, 2, 5);
  panel(scene, point_at(margin, margin), scene->width - 2 * margin, scene->height - 2 * margin, depth);
}

/* ---- Page ---- */

static void column(struct scene *scene, struct point corner, int width, int height, int dot, struct colour ink) {
  struct random_stream *random = &scene->random;
  for (int y = 0; y < height;) {
    int block = height * random_range(random, 12, 45) / 100 + PIXEL;
    if (block > height - y) block = height - y;
    int drawn = random_below(random, 100);
    struct point place = point_at(corner.x, corner.y + y);
    int inner = block - 12 * dot;
    if (inner > 20 * dot && drawn < 35) panel_picture(scene, place, width, inner);
    else if (inner > 20 * dot && drawn < 50) panel_text(scene, place, width, inner);
    else lines_of_text(scene, place, width, block, dot, ink);
    y += block;
  }
}

void scene_page(struct scene *scene) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  struct paint desk = paint_flat(scene_colour(scene, 30, 170, 30, 180));
  scene_cover(scene, &desk, 200);
  painter_fill_all(&scene->painter, &desk);
  int margin_x = random_range(random, -30, 120), margin_y = random_range(random, -30, 90);
  struct point corner = scene_point(scene, margin_x, margin_y);
  int width = scene->width - 2 * corner.x, height = scene->height - 2 * corner.y;
  struct colour sheet = scene_colour(scene, 2, 60, 190, 252), ink = ink_on(sheet);
  struct paint paper = paint_linear(sheet, colour_mix(sheet, INK, 60), corner, scene_point(scene, 1000, 1000));
  outline_rectangle(&outline, corner, width, height);
  scene_shadow(scene, &outline, 150);
  painter_fill(&scene->painter, &outline, &paper);
  int dot = scene_length(scene, random_range(random, 2, 5)), edge = scene_length(scene, random_range(random, 20, 70));
  int title = dot * random_range(random, 2, 6);
  scene_write(scene, point_at(corner.x + edge, corner.y + edge), width - 2 * edge, title, 0, ink);
  int columns = random_range(random, 1, 3), top = edge + title * 11;
  int step = (width - edge) / columns;
  for (int i = 0; i < columns; i++) {
    column(scene, point_at(corner.x + edge + i * step, corner.y + top), step - edge, height - top - edge, dot, ink);
  }
}

/* ---- Diagram ---- */

static void bars(struct scene *scene, struct point corner, int width, int height) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int count = random_range(random, 3, 12);
  for (int i = 0; i < count; i++) {
    int tall = height * random_range(random, 10, 100) / 100;
    struct paint paint = paint_flat(scene_colour(scene, 90, 240, 80, 240));
    outline_rectangle(&outline, point_at(corner.x + i * width / count, corner.y + height - tall),
                      width * 7 / (count * 10), tall);
    painter_fill(&scene->painter, &outline, &paint);
  }
}

static void pie(struct scene *scene, struct point corner, int width, int height) {
  struct random_stream *random = &scene->random;
  int radius = (width < height ? width : height) / 2;
  struct point centre = point_at(corner.x + width / 2, corner.y + height / 2);
  int angle = random_below(random, 1024);
  for (int end = angle + 1024; angle < end;) {
    int slice = random_range(random, 60, 380);
    if (slice > end - angle) slice = end - angle;
    struct outline outline = {.count = 1, .points = {centre}};
    for (int i = 0; i <= 24; i++) {
      outline.points[outline.count++] = point_turned(centre, point_at(radius, 0), angle + slice * i / 24);
    }
    struct paint paint = paint_flat(scene_colour(scene, 90, 240, 80, 245));
    painter_fill(&scene->painter, &outline, &paint);
    angle += slice;
  }
}

static void boxes(struct scene *scene, struct point corner, int width, int height) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  struct point before = corner;
  int count = random_range(random, 2, 6);
  for (int i = 0; i < count; i++) {
    int wide = width * random_range(random, 20, 45) / 100, tall = height * random_range(random, 14, 34) / 100;
    int x = corner.x + random_range(random, 0, width - wide), y = corner.y + random_range(random, 0, height - tall);
    struct colour ground = scene_colour(scene, 60, 230, 90, 250);
    struct paint paint = paint_flat(ground), line = paint_flat(INK);
    outline_line(&outline, before, point_at(x + wide / 2, y), scene_length(scene, 6));
    if (i > 0) painter_fill(&scene->painter, &outline, &line);
    outline_rounded(&outline, point_at(x, y), wide, tall, tall / 4);
    painter_fill(&scene->painter, &outline, &paint);
    scene_write(scene, point_at(x + wide / 10, y + tall / 3), wide * 8 / 10, wide / 60 + 1, 0, ink_on(ground));
    before = point_at(x + wide / 2, y + tall);
  }
}

static void icons(struct scene *scene, struct point corner, int width, int height) {
  struct random_stream *random = &scene->random;
  struct outline outline;
  int count = random_range(random, 2, 9);
  for (int i = 0; i < count; i++) {
    int radius = (width < height ? width : height) * random_range(random, 8, 30) / 100;
    int x = corner.x + random_range(random, radius, width - radius);
    int y = corner.y + random_range(random, radius, height - radius);
    int corners = random_range(random, 3, 9), turn = random_below(random, 1024);
    struct paint paint = paint_flat(scene_colour(scene, 60, 250, 40, 250));
    int drawn = random_below(random, 3);
    if (drawn == 0) outline_regular(&outline, point_at(x, y), radius, corners, random_range(random, 35, 90), turn);
    else if (drawn == 1) outline_ellipse(&outline, point_at(x, y), radius, radius, 0);
    else outline_rounded(&outline, point_at(x - radius, y - radius), 2 * radius, 2 * radius, radius / 3);
    painter_fill(&scene->painter, &outline, &paint);
  }
}

void scene_diagram(struct scene *scene) {
  static void (*const parts[])(struct scene *, struct point, int, int) = {bars, pie, boxes, icons};
  struct random_stream *random = &scene->random;
  struct colour ground = random_percent(random, 50) ? PAPER : scene_colour(scene, 10, 200, 20, 250);
  struct paint paint = paint_flat(ground);
  painter_fill_all(&scene->painter, &paint);
  int columns = random_range(random, 1, 3), rows = random_range(random, 1, 2);
  int top = scene->height / 8, wide = scene->width / columns, tall = (scene->height - top) / rows;
  scene_write(scene, point_at(wide / 20, top / 4), scene->width * 9 / 10, top / random_range(random, 12, 26), 0,
              ink_on(ground));
  for (int i = 0; i < columns * rows; i++) {
    struct point corner = point_at(i % columns * wide + wide / 10, top + i / columns * tall + tall / 20);
    int part = random_below(random, 4);
    parts[part](scene, corner, wide * 8 / 10, tall * 17 / 20);
  }
}

/* ---- Flat ---- */

void scene_flat(struct scene *scene) {
  struct colour ground = scene_colour(scene, 0, 200, 30, 235);
  struct point from = scene_place(scene, 0, 1000, 0, 1000), to = scene_place(scene, 0, 1000, 0, 1000);
  struct paint paint = paint_linear(ground, colour_mix(ground, PAPER, 10), from, to);
  paint.texture = &scene->coarse;
  paint.strength = random_range(&scene->random, 2, 6);
  painter_fill_all(&scene->painter, &paint);
  if (random_percent(&scene->random, 40)) {
    struct point origin = scene_place(scene, 50, 600, 100, 900);
    int dot = scene_length(scene, random_range(&scene->random, 3, 8));
    scene_write(scene, origin, scene_length(scene, 300), dot, 0, colour_mix(ground, PAPER, 40));
  }
}
