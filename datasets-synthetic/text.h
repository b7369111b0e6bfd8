/* SPDX-License-Identifier: Apache-2.0 */
/* Lettering: a 5x7 dot-matrix font drawn as outlines, so that it scales, turns and is anti-aliased. */
#ifndef DATASET_TEXT_H
#define DATASET_TEXT_H

#include "painter.h"

enum { TEXT_MAX = 96 };

/* `dot` is the side of a font dot in 1/256 pixel: letters are 5 dots wide, 7 high and 6 apart. `origin` is the top left
 * corner of the line, which runs at `angle` (1/1024 turns). */
void text_draw(struct painter *painter, const char *text, struct point origin, int dot, int angle,
               const struct paint *paint);

/* Width of the line in 1/256 pixel. */
int text_width(const char *text, int dot);

/* Words without meaning, at most `letters` characters (less than TEXT_MAX) in all. */
void text_invent(struct random_stream *random, char text[TEXT_MAX], int letters);

#endif
