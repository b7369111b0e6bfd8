/* SPDX-License-Identifier: Apache-2.0 */
/* JPEG through libjpeg-turbo: slow integer DCT, memory destination, errors by longjmp as the library demands. */
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <jpeglib.h>

#include "recipe.h"

struct jpeg_errors {
  struct jpeg_error_mgr base; /* first: libjpeg hands back a pointer to it */
  jmp_buf escape;
  char text[JMSG_LENGTH_MAX];
};

static void on_error(j_common_ptr info) {
  struct jpeg_errors *errors = (struct jpeg_errors *)info->err;
  info->err->format_message(info, errors->text);
  longjmp(errors->escape, 1);
}

static void set_parameters(struct jpeg_compress_struct *jpeg, const struct recipe *recipe,
                           const struct canvas *canvas) {
  jpeg->image_width = (JDIMENSION)canvas->width;
  jpeg->image_height = (JDIMENSION)canvas->height;
  jpeg->input_components = 3;
  jpeg->in_color_space = JCS_RGB;
  jpeg_set_defaults(jpeg);
  if (recipe->layout == LAYOUT_GREY) jpeg_set_colorspace(jpeg, JCS_GRAYSCALE);
  jpeg_set_quality(jpeg, recipe->quality, TRUE);
  jpeg->comp_info[0].h_samp_factor = recipe->layout == LAYOUT_420 || recipe->layout == LAYOUT_422 ? 2 : 1;
  jpeg->comp_info[0].v_samp_factor = recipe->layout == LAYOUT_420 ? 2 : 1;
  jpeg->dct_method = JDCT_ISLOW;
  jpeg->optimize_coding = recipe->optimised;
  if (recipe->restart) jpeg->restart_in_rows = 1;
  if (recipe->progressive) jpeg_simple_progression(jpeg);
}

struct jpeg_memory {
  unsigned char *data;
  unsigned long size;
};

/* Apart from encode_jpeg, whose objects must keep their values over a longjmp. */
static bool compress(struct jpeg_compress_struct *jpeg, struct jpeg_errors *errors, struct jpeg_memory *memory,
                     const struct recipe *recipe, const struct canvas *canvas) {
  if (setjmp(errors->escape) != 0) return false;
  jpeg_create_compress(jpeg);
  jpeg_mem_dest(jpeg, &memory->data, &memory->size);
  set_parameters(jpeg, recipe, canvas);
  jpeg_start_compress(jpeg, TRUE);
  while (jpeg->next_scanline < jpeg->image_height) {
    JSAMPROW row = canvas_row(canvas, (int)jpeg->next_scanline);
    jpeg_write_scanlines(jpeg, &row, 1);
  }
  jpeg_finish_compress(jpeg);
  return true;
}

bool encode_jpeg(const struct recipe *recipe, const struct canvas *canvas, struct output_bytes *bytes,
                 struct failure *failure) {
  struct jpeg_errors errors = {0};
  struct jpeg_compress_struct jpeg = {.err = jpeg_std_error(&errors.base)};
  struct jpeg_memory memory = {0};
  errors.base.error_exit = on_error;
  bool done = compress(&jpeg, &errors, &memory, recipe, canvas);
  if (!done) failure_set(failure, "libjpeg: %s", errors.text);
  else if (!output_append(bytes, memory.data, memory.size)) done = failure_set(failure, "out of memory");
  jpeg_destroy_compress(&jpeg);
  free(memory.data);
  return done;
}
