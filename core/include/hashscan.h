/* SPDX-License-Identifier: Apache-2.0
 *
 * hashscan: finds copies of known images by comparing perceptual hashes with published hash lists.
 *
 * This header is the whole public API and its contract. The way through it:
 *
 *     image bytes -> hashscan_hasher -> hashscan_image_hash        (hash one image)
 *     hash lists  -> hashscan_builder -> an index on disk          (analyst, once per list version)
 *     index       -> hashscan_updater -> the same index, changed    (add, remove, replace a list, compact)
 *     index       -> hashscan_index   -> hits                      (search, immutable snapshot)
 *     index       -> hashscan_matcher -> hashscan_verdict          (image hashes or bytes in, verdict out; reloadable)
 *     paths       -> hashscan_scan    -> one hashscan_record each  (batch over storage)
 *
 * Rules that hold everywhere:
 *
 *  - A function that can fail returns a hashscan_code and takes a `hashscan_error *error` that may be NULL. On
 *    failure the code is returned and `error`, when given, is filled with one line of text. On success `error` is
 *    left untouched.
 *  - `create`, `open` and `retain` give the caller a reference that the matching `destroy` or `close` gives back. On
 *    failure the out pointer is set to NULL and nothing is owned. Destroying NULL does nothing.
 *  - A callback takes the `user` of its call first and returns 0 to go on. Any other value stops the call, which then
 *    ends with HASHSCAN_E_STOPPED. Structs that a callback is given, and those that the library allocates, may grow at
 *    their end: read them through the pointer, and do not copy them.
 *  - Pointers passed in are read during the call only; the library keeps no reference to caller memory unless the
 *    function says so.
 *  - Option structs begin with their own size. Start from the _INIT macro, from the function ..._default, which does
 *    the same for languages without C macros, or pass NULL for the defaults. A library that is newer than its caller
 *    fills the fields that the caller does not know; a library that is older refuses a struct larger than it knows
 *    unless the extra bytes are zero. Fields named `reserved` are zero, and anything else is refused. Structs of the
 *    caller's that the library fills begin with their size too, and are begun the same way: no more bytes than that are
 *    written, and what the library does not know becomes zero.
 *  - Each enumeration has a name function, which gives "unknown" for values without a name, and a parse function, which
 *    takes exactly those names and is HASHSCAN_E_ARGUMENT for all others, with the known ones in the message; the value
 *    is then untouched. Names are lower case, static storage, and never change. HASHSCAN_..._COUNT values exist as of
 *    this header; a newer library may answer with more. Any thread.
 *  - The library prints nothing, installs no signal handlers, never exits, and keeps no mutable global state but
 *    the CPU features detected once and the allocator, which is set once.
 *  - Bad input is never undefined behaviour: images, lists and index files are untrusted.
 *
 * The environment variable HASHSCAN_CPU (scalar, avx2, avx512 on x86-64; scalar, neon on AArch64) caps the SIMD
 * tier for tests and benchmarks. An unknown value makes every create and open fail with HASHSCAN_E_CPU.
 */
#ifndef HASHSCAN_H
#define HASHSCAN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define HASHSCAN_VERSION_MAJOR 0
#define HASHSCAN_VERSION_MINOR 1
#define HASHSCAN_VERSION_PATCH 0

#if defined(HASHSCAN_BUILDING) && (defined(__GNUC__) || defined(__clang__))
#define HASHSCAN_API __attribute__((visibility("default")))
#else
#define HASHSCAN_API
#endif

/* Version of the library at run time, "MAJOR.MINOR.PATCH". Static storage. Any thread. */
HASHSCAN_API const char *hashscan_version(void);

/* SIMD tier in use after detection and HASHSCAN_CPU: "scalar", "avx2", "avx512" or "neon". Static storage. Any
 * thread. */
HASHSCAN_API const char *hashscan_cpu(void);

/* The libraries that this one stands on. Fills name and version of number `number` (0, 1, ...), static storage, and
 * returns nonzero; returns 0 past the last. Versions are those that are loaded where the library tells, else those that
 * this one was built with. Any thread. */
HASHSCAN_API int hashscan_dependency(unsigned number, const char **name, const char **version);

/* ---- Errors ---------------------------------------------------------------------------------------------------- */

typedef enum hashscan_code {
  HASHSCAN_SUCCESS = 0,
  HASHSCAN_E_ARGUMENT = 1, /* a value outside its documented range; the caller's mistake */
  HASHSCAN_E_MEMORY = 2,   /* an allocation failed */
  HASHSCAN_E_IO = 3,       /* the operating system refused; the message carries its reason */
  HASHSCAN_E_FORMAT = 4,   /* a list or an index is malformed, truncated or fails its checksum */
  HASHSCAN_E_VERSION = 5,  /* written in a format version that this library does not read */
  HASHSCAN_E_LIMIT = 6,    /* a resource limit was reached; the message names it */
  HASHSCAN_E_CPU = 7,      /* HASHSCAN_CPU holds a value that this library does not know */
  HASHSCAN_E_STOPPED = 8,  /* a callback returned nonzero, or the call was cancelled */
  HASHSCAN_E_TIMEOUT = 9   /* the deadline of the call passed */
} hashscan_code;

#define HASHSCAN_CODE_COUNT 10

/* What went wrong, for people. `message` is one line of UTF-8 without a final newline, always terminated. It may hold
 * file names and line numbers, never hashes; what could steer a terminal is replaced by question marks. */
typedef struct hashscan_error {
  hashscan_code code;
  char message[500];
} hashscan_error;

HASHSCAN_API const char *hashscan_code_name(hashscan_code code); /* "success", "argument", "memory", "io", ... */
HASHSCAN_API hashscan_code hashscan_code_parse(const char *name, hashscan_code *code, hashscan_error *error);

/* ---- Text ------------------------------------------------------------------------------------------------------ */

/* File names, names of lists, ids and labels come from outside. Lists are UTF-8 by the time they are in an index; file
 * names are bytes. Any thread. */

typedef enum hashscan_text_class {
  HASHSCAN_TEXT_PLAIN = 0, /* may go to a terminal as it is */
  /* Steers a terminal, or the direction of what stands on it: C0, DEL and C1, separators of lines and paragraphs, what
   * marks, embeds, overrides or isolates a direction. */
  HASHSCAN_TEXT_CONTROL = 1,
  HASHSCAN_TEXT_MALFORMED = 2 /* a byte that is no UTF-8 (RFC 3629); to an 8-bit terminal it may be a C1 control */
} hashscan_text_class;

/* The class of the first character of `text`, of which `size` bytes (1 or more) can be looked at, or all up to a
 * terminator when that is nearer. *length is its bytes, 1 when malformed, and *code its code point, or the byte when
 * malformed. */
HASHSCAN_API hashscan_text_class hashscan_text_classify(const char *text, size_t size, size_t *length, uint32_t *code);

/* Makes a terminated text fit for a terminal, in place: each character that is not plain becomes a question mark. */
HASHSCAN_API void hashscan_text_make_printable(char *text);

/* Writes what stands between the quotes of a JSON string (RFC 8259) for the `length` bytes of `text`: controls, quotes
 * and backslashes are escaped, so that a line of JSON may go to a terminal, and malformed bytes become U+FFFD. `json`
 * has room for `size` bytes and is terminated unless size is 0; what does not fit is cut between characters. Returns
 * the bytes that the whole has without terminator, at most 6 * length. */
HASHSCAN_API size_t hashscan_json_escape(const char *text, size_t length, char *json, size_t size);

/* ---- Memory ---------------------------------------------------------------------------------------------------- */

/* Where the library gets memory from: one allocator for the whole process, as sqlite and libdeflate have it, because
 * handles, their references and what they hand out live on in different threads and outlive each other. */
typedef struct hashscan_allocator {
  size_t size; /* sizeof(hashscan_allocator) */
  void *user;
  /* As malloc, realloc and free of the C library are, alignment for any object included. `bytes` is never 0, and
   * `memory` never NULL. NULL is out of memory, which the call under way reports as HASHSCAN_E_MEMORY or as an image
   * with status limit. Called from all threads that call the library, at the same time. */
  void *(*allocate)(void *user, size_t bytes);
  void *(*resize)(void *user, void *memory, size_t bytes);
  void (*release)(void *user, void *memory);
} hashscan_allocator;

#define HASHSCAN_ALLOCATOR_INIT                                                                                        \
  { sizeof(hashscan_allocator), NULL, NULL, NULL, NULL }

HASHSCAN_API void hashscan_allocator_default(hashscan_allocator *allocator, size_t size);

/* Sets the allocator; the struct is copied, and `user` lives as long as the process. To be called once, before any
 * other function of the library that allocates and before other threads call it. Without this call it is the C
 * library's.
 *
 * Through it goes what hashers, decoders and controls allocate, and libpng. Not through it go libjpeg-turbo, whose
 * memory max_decoder_bytes bounds, libdeflate and libcrypto, whose allocators are global and so the host's; nor yet
 * what indexes, builders, lists, matchers and scans hold, and that alone is ever resized. Errors: ARGUMENT (a NULL
 * function; memory was allocated, or an allocator set, before). */
HASHSCAN_API hashscan_code hashscan_set_allocator(const hashscan_allocator *allocator, hashscan_error *error);

/* ---- Ending calls early ---------------------------------------------------------------------------------------- */

/* A cancel flag and a deadline for calls that decode or search. A call that has a control looks at it between pieces of
 * work of bounded size (rows of pixels, buckets and blocks of an index) and returns HASHSCAN_E_STOPPED once it is
 * cancelled, HASHSCAN_E_TIMEOUT once its deadline has passed. What such a call found until then is no answer: nothing
 * that it fills says that an image is clean. Unlike hashscan_limits.max_seconds, which is about one picture and gives
 * that picture a status, a control is about a call.
 *
 * One control may serve any number of calls and threads at a time. It must outlive the calls that use it, and whatever
 * it was attached to. */
typedef struct hashscan_control hashscan_control;

/* Neither cancelled nor with a deadline. Errors: MEMORY. */
HASHSCAN_API hashscan_code hashscan_control_create(hashscan_control **control, hashscan_error *error);
HASHSCAN_API void hashscan_control_destroy(hashscan_control *control);

/* From now on, calls with this control end, also those that begin later, until hashscan_control_reset. Any thread, and
 * any signal handler. */
HASHSCAN_API void hashscan_control_cancel(hashscan_control *control);

/* The deadline is `seconds` from now; 0: none. A negative number, or what is none, has passed already. Any thread. */
HASHSCAN_API void hashscan_control_set_deadline(hashscan_control *control, double seconds);

/* Neither cancelled nor with a deadline. Any thread; a call under way may or may not have seen what was before. */
HASHSCAN_API void hashscan_control_reset(hashscan_control *control);

/* ---- Hashes ---------------------------------------------------------------------------------------------------- */

/* Kinds of list entry. The number of bytes of each: 32, 16, 20, 32, 8. */
typedef enum hashscan_kind {
  HASHSCAN_KIND_PDQ = 0, /* 256-bit perceptual hash, matched within a radius */
  HASHSCAN_KIND_MD5 = 1, /* digests of the file's bytes, matched exactly */
  HASHSCAN_KIND_SHA1 = 2,
  HASHSCAN_KIND_SHA256 = 3,
  HASHSCAN_KIND_HASH64 = 4 /* 64-bit perceptual hash (pHash, dHash), matched within a radius; never computed here */
} hashscan_kind;

#define HASHSCAN_KIND_COUNT 5
#define HASHSCAN_MAX_KINDS 8 /* room in arrays by kind; what stands behind the last kind is 0 */
#define HASHSCAN_MAX_HASH_BYTES 32
#define HASHSCAN_MAX_HEX 65 /* 64 digits and the terminator */

/* A 256-bit PDQ hash. bytes[0] holds the first two hex digits as every PDQ tool prints them (bits 255..248). */
typedef struct hashscan_pdq {
  uint8_t bytes[32];
} hashscan_pdq;

/* Bytes in a hash of `kind`; 0 for an unknown kind. */
HASHSCAN_API size_t hashscan_kind_bytes(hashscan_kind kind);

HASHSCAN_API const char *hashscan_kind_name(hashscan_kind kind); /* "pdq", "md5", "sha1", "sha256", "hash64" */
HASHSCAN_API hashscan_code hashscan_kind_parse(const char *name, hashscan_kind *kind, hashscan_error *error);

/* Nonzero for the kinds that are matched within a radius, pdq and hash64; 0 for digests and unknown kinds. */
HASHSCAN_API int hashscan_kind_perceptual(hashscan_kind kind);

/* The kind of a hash that is written with `digits` hex digits, where nothing else says it: 64 pdq, 32 md5, 40 sha1,
 * 16 hash64. A SHA-256 digest has as many digits as a PDQ hash, and is never guessed.
 * HASHSCAN_E_ARGUMENT for any other number; the kind is then untouched. */
HASHSCAN_API hashscan_code hashscan_kind_guess(size_t digits, hashscan_kind *kind, hashscan_error *error);

/* Writes 2 * size lower-case hex digits and a terminator; `hex` must have room for 2 * size + 1 chars. */
HASHSCAN_API void hashscan_hex_encode(const uint8_t *bytes, size_t size, char *hex);

/* Reads exactly 2 * size hex digits of either case from `hex`, of which `length` chars are looked at.
 * HASHSCAN_E_ARGUMENT when length is not 2 * size or a char is not a hex digit; `bytes` is then undefined. */
HASHSCAN_API hashscan_code hashscan_hex_decode(const char *hex, size_t length, uint8_t *bytes, size_t size,
                                               hashscan_error *error);

/* Hamming distance, 0 to 256. Any thread. */
HASHSCAN_API unsigned hashscan_pdq_distance(const hashscan_pdq *a, const hashscan_pdq *b);

/* What happens to pixels before the 64x64 stage; implementations of PDQ disagree, so a profile names it. */
typedef enum hashscan_profile {
  HASHSCAN_PROFILE_FULL = 0, /* every pixel is hashed: pdqhash-python, python-threatexchange, HMA, Java */
  HASHSCAN_PROFILE_NN512 = 1 /* a side over 512: nearest neighbour to 512x512 first: C++ photo hasher, wasm */
} hashscan_profile;

#define HASHSCAN_PROFILE_COUNT 2

/* How a hash is computed inside its profile. */
typedef enum hashscan_level {
  HASHSCAN_LEVEL_EXACT = 0, /* bit-identical to the reference implementation on the same pixels */
  /* The same pixels and the same linear operator, evaluated with other float operations. `unknown` holds every bit that
   * rounding can make differ from the exact hash: a proven bound, for crafted pictures too. For screening only, never
   * to be published. Pictures that it brings nothing for (a side under 128 px; nn512 over 512 px) are hashed at exact
   * all the same: image.level tells. */
  HASHSCAN_LEVEL_FAST = 1,
  /* For JPEG from the low frequencies of its blocks, in less time than decoding takes. What it leaves out is estimated
   * from what it reads, and a crafted file can make that estimate wrong: high frequencies and chroma can
   * drive samples out of 0 to 255 and move the means of blocks where this level does not look. Then bits that are not
   * in `unknown` differ, and a match is missed. Meant for a first pass over storage that nobody crafted to hide from
   * it. Files that libjpeg-turbo may read otherwise (values that no 8-bit picture gives, quantisation steps over 255,
   * odd scan scripts, damage) and other formats are hashed at fast: image.level tells. */
  HASHSCAN_LEVEL_BLOCKS = 2
} hashscan_level;

#define HASHSCAN_LEVEL_COUNT 3

/* The eight symmetries of the square, in PDQ's order: the transform that was applied to the query image. */
typedef enum hashscan_transform {
  HASHSCAN_TRANSFORM_NONE = 0,
  HASHSCAN_TRANSFORM_ROT90 = 1,
  HASHSCAN_TRANSFORM_ROT180 = 2,
  HASHSCAN_TRANSFORM_ROT270 = 3,
  HASHSCAN_TRANSFORM_FLIPX = 4,     /* top to bottom */
  HASHSCAN_TRANSFORM_FLIPY = 5,     /* left to right */
  HASHSCAN_TRANSFORM_FLIPPLUS1 = 6, /* transpose */
  HASHSCAN_TRANSFORM_FLIPMINUS1 = 7 /* transpose along the other diagonal */
} hashscan_transform;

#define HASHSCAN_TRANSFORM_COUNT 8
#define HASHSCAN_MAX_HASHES 8 /* of one picture: a square has no more symmetries */

HASHSCAN_API const char *hashscan_profile_name(hashscan_profile profile); /* "full", "nn512" */
HASHSCAN_API hashscan_code hashscan_profile_parse(const char *name, hashscan_profile *profile, hashscan_error *error);
HASHSCAN_API const char *hashscan_level_name(hashscan_level level); /* "exact", "fast", "blocks" */
HASHSCAN_API hashscan_code hashscan_level_parse(const char *name, hashscan_level *level, hashscan_error *error);
HASHSCAN_API const char *hashscan_transform_name(hashscan_transform transform); /* "none", "rot90", ... */
HASHSCAN_API hashscan_code hashscan_transform_parse(const char *name, hashscan_transform *transform,
                                                    hashscan_error *error);

/* ---- Hashing an image ------------------------------------------------------------------------------------------ */

/* How an input ended. Exactly one per input; silence is never "clean". */
typedef enum hashscan_status {
  HASHSCAN_STATUS_OK = 0,
  /* Decoded with warnings, or cut or broken after the first row of pixels: hashed and matched all the same. What is
   * missing is grey in a JPEG and black in a PNG. */
  HASHSCAN_STATUS_DAMAGED = 1,
  HASHSCAN_STATUS_LOW_QUALITY = 2, /* PDQ quality under the minimum: hashed, not compared; digests compared */
  /* Nothing that shows pictures would show this: text, an archive, a video, sound, an empty file, or bytes that begin
   * like no image format that is known. Archives and videos can hold pictures, and are not opened. */
  HASHSCAN_STATUS_NOT_IMAGE = 3,
  HASHSCAN_STATUS_UNSUPPORTED = 4, /* an image format, or a variant, that this library does not decode, by name; PDF and
                                      PostScript, whose pages are pictures, too; no regular file (a FIFO, a device) */
  HASHSCAN_STATUS_CORRUPT = 5,     /* the right format, but not a row of pixels can be decoded */
  HASHSCAN_STATUS_LIMIT = 6,       /* a limit of hashscan_limits, named in `reason` */
  HASHSCAN_STATUS_UNREADABLE = 7,  /* the file cannot be opened or read, or is a link that is not followed */
  HASHSCAN_STATUS_CHANGED = 8,     /* the file changed while it was being read */
  HASHSCAN_STATUS_TIMEOUT = 9,     /* decoding took longer than max_seconds */
  HASHSCAN_STATUS_CRASH = 10       /* the decoder crashed (reported by isolated workers only) */
} hashscan_status;

#define HASHSCAN_STATUS_COUNT 11

HASHSCAN_API const char *hashscan_status_name(hashscan_status status); /* "ok", "damaged", "low_quality", ... */
HASHSCAN_API hashscan_code hashscan_status_parse(const char *name, hashscan_status *status, hashscan_error *error);

/* Container and colour model as found in the bytes; file names are never looked at. */
typedef enum hashscan_format {
  HASHSCAN_FORMAT_UNKNOWN = 0,
  HASHSCAN_FORMAT_JPEG = 1,      /* grey, YCbCr or RGB */
  HASHSCAN_FORMAT_JPEG_CMYK = 2, /* CMYK or YCCK, converted to RGB; tools disagree on such pixels */
  HASHSCAN_FORMAT_PNG = 3
} hashscan_format;

#define HASHSCAN_FORMAT_COUNT 4

HASHSCAN_API const char *hashscan_format_name(hashscan_format format); /* "unknown", "jpeg", "jpeg-cmyk", "png" */
HASHSCAN_API hashscan_code hashscan_format_parse(const char *name, hashscan_format *format, hashscan_error *error);

/* What decoding one image may cost. Each limit is checked before the memory it bounds is allocated. */
typedef struct hashscan_limits {
  size_t size;                /* sizeof(hashscan_limits) */
  uint64_t max_pixels;        /* width * height; default 100,000,000 */
  uint32_t max_jpeg_side;     /* pixels; default 65,500, libjpeg's own bound */
  uint32_t max_side;          /* pixels a side for other formats; default 32,768 */
  uint32_t max_jpeg_scans;    /* default 100 */
  uint32_t reserved;          /* 0 */
  uint64_t max_decoder_bytes; /* memory of the decoder; default 512 MiB */
  uint64_t max_file_bytes;    /* larger files are not read; default 1 GiB */
  double max_seconds;         /* wall-clock time for one decode; default 10; checked between rows and scans */
} hashscan_limits;

#define HASHSCAN_LIMITS_INIT                                                                                           \
  { sizeof(hashscan_limits), 100000000u, 65500u, 32768u, 100u, 0, (uint64_t)512 << 20, (uint64_t)1 << 30, 10.0 }

/* Fills the first `size` bytes, sizeof(hashscan_limits) as the caller knows it, with what the _INIT macro holds; bytes
 * that this library does not know become zero. The same holds for each function named ..._default. Any thread. */
HASHSCAN_API void hashscan_limits_default(hashscan_limits *limits, size_t size);

typedef struct hashscan_hash_options {
  size_t size; /* sizeof(hashscan_hash_options) */
  hashscan_profile profile;
  hashscan_level level;
  int dihedral;                  /* nonzero: all eight hashes, otherwise hashes[HASHSCAN_TRANSFORM_NONE] alone */
  uint32_t digests;              /* a bit 1 << kind for each digest of the bytes to compute: MD5, SHA1, SHA256 */
  const hashscan_limits *limits; /* copied; NULL: the defaults */
} hashscan_hash_options;

#define HASHSCAN_HASH_OPTIONS_INIT                                                                                     \
  { sizeof(hashscan_hash_options), HASHSCAN_PROFILE_FULL, HASHSCAN_LEVEL_EXACT, 0, 0, NULL }

HASHSCAN_API void hashscan_hash_options_default(hashscan_hash_options *options, size_t size);

/* One way of showing a picture. Its stored pixels are what PDQ's reference hashes, but not always what people see: a
 * browser puts transparent pixels on the page's colour and applies the gAMA chunk of a PNG, and programs disagree on
 * the inks of a CMYK JPEG. The other views are what such a program shows. hashscan_hash_image hashes the stored one,
 * hashscan_hash_requested any, and hashscan_match_image compares all that differ. Colour profiles are not applied:
 * those of usual working spaces (sRGB, Adobe RGB, Display P3, ...) count as if they were sRGB, which they nearly are
 * for luma but not for saturated colours, and all others make a picture `unseen`. */
typedef enum hashscan_view {
  HASHSCAN_VIEW_STORED = 0,         /* alpha dropped, gamma left alone, the colour model that libjpeg takes */
  HASHSCAN_VIEW_ON_WHITE = 1,       /* transparent pixels over a white page */
  HASHSCAN_VIEW_ON_BLACK = 2,       /* and over a black one */
  HASHSCAN_VIEW_GAMMA = 3,          /* the samples of a PNG raised to 1 / (2.2 * gAMA) */
  HASHSCAN_VIEW_GAMMA_ON_WHITE = 4, /* that, then over white */
  HASHSCAN_VIEW_GAMMA_ON_BLACK = 5,
  /* Of a JPEG: CMYK inks of the other polarity; RGB where its markers contradict each other. */
  HASHSCAN_VIEW_OTHER_COLORS = 6
} hashscan_view;

#define HASHSCAN_VIEW_COUNT 7

/* "stored", "on-white", "on-black", "gamma", "gamma-on-white", "gamma-on-black", "other-colors" */
HASHSCAN_API const char *hashscan_view_name(hashscan_view view);
HASHSCAN_API hashscan_code hashscan_view_parse(const char *name, hashscan_view *view, hashscan_error *error);

#define HASHSCAN_REASON_SIZE 160

/* The answer to "what is the hash of these bytes": of one view of one picture of one input. It is all that matching
 * needs (hashscan_match_hashes), so it may be computed in one process, on another day or on another host than it is
 * matched. Holds no pointers; copy it freely. hashscan_image_hash_encode writes it. */
typedef struct hashscan_image_hash {
  size_t size;            /* sizeof(hashscan_image_hash), set before it is filled: no more bytes are */
  hashscan_status status; /* ok, damaged, not_image, unsupported, corrupt, limit or timeout; of a file that was not even
                             decoded unreadable, changed or crash */
  hashscan_format format;
  hashscan_profile profile;
  hashscan_level level; /* how it was hashed, or was to be */
  hashscan_view view;   /* what was hashed */
  uint32_t picture;     /* its number in the input: 0 but for formats that hold several, of which none is decoded yet */
  /* Pictures of the input that this library can hash, each of which is an image hash of its own; 0 when none could be
   * decoded. What it cannot hash makes a picture `unseen`. */
  uint32_t picture_count;
  uint32_t width; /* pixels; 0 when unknown */
  uint32_t height;
  int quality; /* PDQ quality 0 to 100; -1 when not hashed; an estimate unless the next two equal it */
  /* The exact level's quality lies between these, inclusive. At blocks, where nothing is known of it, 0 and 100. */
  int quality_low;
  int quality_high;
  /* Of the stored view: a bit 1 << view for each other hashscan_view that differs from it. Otherwise 0. */
  uint32_t views;
  uint32_t unseen; /* 1: people may see something that is none of the views (an animation, say); `reason` says what */
  uint32_t hash_count;                      /* 0 when not hashed, else 1 or 8 */
  uint32_t digests;                         /* a bit 1 << kind for each digest below that was computed */
  uint32_t reserved;                        /* 0 */
  hashscan_pdq hashes[HASHSCAN_MAX_HASHES]; /* indexed by hashscan_transform; hash_count of them, the others zero */
  /* For each hash the bits that the exact hash may have otherwise, set; all others are the same in both, at blocks as
   * far as its estimate holds. Zero at exact. */
  hashscan_pdq unknown[HASHSCAN_MAX_HASHES];
  uint8_t md5[16]; /* of the input's bytes; zero when not computed */
  uint8_t sha1[20];
  uint8_t sha256[32];
  char reason[HASHSCAN_REASON_SIZE]; /* one line for people, fit for a terminal; empty when status is ok and all seen */
} hashscan_image_hash;

#define HASHSCAN_IMAGE_HASH_INIT                                                                                       \
  {                                                                                                                    \
    sizeof(hashscan_image_hash), HASHSCAN_STATUS_OK, HASHSCAN_FORMAT_UNKNOWN, HASHSCAN_PROFILE_FULL,                   \
        HASHSCAN_LEVEL_EXACT, HASHSCAN_VIEW_STORED, 0, 0, 0, 0, -1, -1, -1, 0, 0, 0, 0, 0, {{{0}}}, {{{0}}}, {0}, {0}, \
        {0}, {                                                                                                         \
      0                                                                                                                \
    }                                                                                                                  \
  }

HASHSCAN_API void hashscan_image_hash_default(hashscan_image_hash *hash, size_t size);

/* The written form of an image hash, version 1 (core/doc/FORMAT.md): for a pipe, a file, another host. The same bytes
 * on every machine; equal answers are equal bytes. */
#define HASHSCAN_IMAGE_HASH_BYTES 800

/* Writes HASHSCAN_IMAGE_HASH_BYTES bytes, for which `size` bytes at `bytes` must have room. What is no printable ASCII
 * in the reason becomes question marks. Errors: ARGUMENT (no room, or a field outside its range); nothing is written
 * then. Any thread. */
HASHSCAN_API hashscan_code hashscan_image_hash_encode(const hashscan_image_hash *hash, uint8_t *bytes, size_t size,
                                                      hashscan_error *error);

/* Reads it back; `size` must be HASHSCAN_IMAGE_HASH_BYTES. The bytes may come from anybody: what no hasher can have
 * answered is refused, but nothing tells whether it is the hash of the picture it is said to be of. Errors: FORMAT,
 * VERSION (another version of the form), ARGUMENT (NULL, an out->size that is not set). `out` is filled on success
 * only. Any thread. */
HASHSCAN_API hashscan_code hashscan_image_hash_decode(const uint8_t *bytes, size_t size, hashscan_image_hash *out,
                                                      hashscan_error *error);

/* What to hash of an input. A verdict that needs more than it was given lists these; hashscan_hash_requested answers.
 */
typedef struct hashscan_hash_request {
  size_t size; /* sizeof(hashscan_hash_request) */
  uint32_t picture;
  hashscan_view view;
  hashscan_level level; /* or a more exact one */
  uint32_t digests;     /* as in hashscan_hash_options */
} hashscan_hash_request;

#define HASHSCAN_HASH_REQUEST_INIT                                                                                     \
  { sizeof(hashscan_hash_request), 0, HASHSCAN_VIEW_STORED, HASHSCAN_LEVEL_EXACT, 0 }

HASHSCAN_API void hashscan_hash_request_default(hashscan_hash_request *request, size_t size);

/* A hasher owns the working memory of one thread and keeps it between images. */
typedef struct hashscan_hasher hashscan_hasher;

/* Errors: ARGUMENT (unknown profile or level, digests that are none, a limit of 0), MEMORY, CPU. */
HASHSCAN_API hashscan_code hashscan_hasher_create(const hashscan_hash_options *options, hashscan_hasher **hasher,
                                                  hashscan_error *error);
HASHSCAN_API void hashscan_hasher_destroy(hashscan_hasher *hasher);

/* From now on the calls that hash or match with this hasher look at `control`, which stays the caller's and may be NULL
 * for none. A call that it ended returns STOPPED or TIMEOUT, and the image hash that it was to fill has status timeout
 * and no hash. A PNG of more than 64 MiB of samples is decoded in a way that takes longer where there is a control,
 * since the faster way cannot be ended. Errors: ARGUMENT. */
HASHSCAN_API hashscan_code hashscan_hasher_set_control(hashscan_hasher *hasher, const hashscan_control *control,
                                                       hashscan_error *error);

/* Decodes and hashes one encoded image of `size` bytes (`bytes` may be NULL when size is 0): the stored view of its
 * first picture. Bad images are an answer, not an error: look at out->status. Errors: ARGUMENT (NULL pointers, an
 * out->size that is not set), MEMORY (libcrypto). `out` is filled on success, and when a control ended the call. One
 * thread at a time per hasher; different hashers are independent. */
HASHSCAN_API hashscan_code hashscan_hash_image(hashscan_hasher *hasher, const void *bytes, size_t size,
                                               hashscan_image_hash *out, hashscan_error *error);

/* The same of another view, another picture or at another level, as `request` says; a level that the hasher was not
 * made for becomes the hasher's own. A picture that the input does not have has status unsupported. Errors also:
 * ARGUMENT (an unknown view, level or digest). */
HASHSCAN_API hashscan_code hashscan_hash_requested(hashscan_hasher *hasher, const hashscan_hash_request *request,
                                                   const void *bytes, size_t size, hashscan_image_hash *out,
                                                   hashscan_error *error);

/* Hashes pixels that the caller decoded. `pixels` is `height` rows, `stride` bytes apart, top to bottom, each of
 * `width` pixels of `channels` bytes: 1 (grey), 3 (RGB) or 4 (RGBX, the fourth byte is ignored). There are no bytes of
 * a file, and so no digests.
 * Errors: ARGUMENT (channels, stride < width * channels), LIMIT (max_pixels, max_jpeg_side), MEMORY. */
HASHSCAN_API hashscan_code hashscan_hash_pixels(hashscan_hasher *hasher, const uint8_t *pixels, uint32_t width,
                                                uint32_t height, unsigned channels, size_t stride,
                                                hashscan_image_hash *out, hashscan_error *error);

/* Which samples of a frame's luma stand for black and white. */
typedef enum hashscan_luma_range {
  HASHSCAN_LUMA_RANGE_FULL = 0,   /* 0 and 2^bits - 1 */
  HASHSCAN_LUMA_RANGE_LIMITED = 1 /* 16 and 235, times 2^(bits - 8): most video */
} hashscan_luma_range;

#define HASHSCAN_LUMA_RANGE_COUNT 2

HASHSCAN_API const char *hashscan_luma_range_name(hashscan_luma_range range); /* "full", "limited" */
HASHSCAN_API hashscan_code hashscan_luma_range_parse(const char *name, hashscan_luma_range *range,
                                                     hashscan_error *error);

/* The luma plane of a frame as video decoders hold it: `height` rows, `stride` bytes apart, top to bottom, of `width`
 * samples each. Samples of 8 bits are bytes; those of 9 to 16 bits are the low bits of 16-bit words in this machine's
 * byte order, and `samples` and `stride` are multiples of 2. Words that hold 10 or 12 bits at their upper end (P010,
 * P012) are samples of 16 bits: with the limited range they have the very values, with the full one nearly. */
typedef struct hashscan_luma {
  size_t size; /* sizeof(hashscan_luma) */
  const void *samples;
  size_t stride;
  uint32_t width;
  uint32_t height;
  unsigned bits; /* of a sample, 8 to 16 */
  hashscan_luma_range range;
} hashscan_luma;

#define HASHSCAN_LUMA_INIT                                                                                             \
  { sizeof(hashscan_luma), NULL, 0, 0, 0, 8, HASHSCAN_LUMA_RANGE_LIMITED }

HASHSCAN_API void hashscan_luma_default(hashscan_luma *luma, size_t size);

/* Hashes the luma plane of a frame, without chroma. A sample s stands for the level
 *
 *     255 * (min(max(s, black), white) - black) / (white - black)        rounded once, to a float
 *
 * and not for a whole one: scaling moves no bit of a hash, rounding would. Samples outside the range count as its ends,
 * which is how they are shown; what nobody sees must not change a hash. At level exact the hash is that of the
 * reference algorithm over these levels; 8 bits of full range are a grey picture. At level fast `unknown` is as sound
 * as it is for pixels. Profile, transforms and limits are those of hashscan_hash_pixels.
 *
 * The luma that PDQ takes from RGB is that of BT.601. Measured on 257 photographs (`hashscan-bench luma`), the hash of
 * a BT.601 frame's 8-bit luma of limited range differs from that of its RGB by 0 bits at the median, 2 at p90 and 26 at
 * most, its quality by 2 at most; 10 bits by 8 at most. BT.709 (most video of HD size) weighs colours otherwise: 4, 10
 * and 26 bits, quality by 12 at most. core/doc/DESIGN.md has all figures.
 * Errors: ARGUMENT (bits, range, alignment, stride < bytes of a row), LIMIT (max_pixels, max_jpeg_side), MEMORY. */
HASHSCAN_API hashscan_code hashscan_hash_luma(hashscan_hasher *hasher, const hashscan_luma *luma,
                                              hashscan_image_hash *out, hashscan_error *error);

/* ---- Building an index from hash lists ------------------------------------------------------------------------- */

/* How a list file is written. core/doc/FORMAT.md describes each. */
typedef enum hashscan_list_format {
  HASHSCAN_LIST_FORMAT_AUTO = 0, /* CSV when the first line that is no comment names a known column, else text */
  HASHSCAN_LIST_FORMAT_TEXT = 1, /* one hex hash a line, '#' starts a comment */
  /* A header line names the columns: hash, kind, id, labels, number, pdq, md5, sha1, sha256, hash64. */
  HASHSCAN_LIST_FORMAT_CSV = 2,
  /* The bytes of one hash after the other (hashscan_entry.hash) and nothing else. Never told by AUTO, and needs
   * has_kind: any bytes are hashes. A size that is no whole number of them is FORMAT, whatever skip_bad_lines says, and
   * adds nothing; so are hex digits, which are a text list. */
  HASHSCAN_LIST_FORMAT_BINARY = 3
} hashscan_list_format;

#define HASHSCAN_LIST_FORMAT_COUNT 4

HASHSCAN_API const char *hashscan_list_format_name(hashscan_list_format format); /* "auto", "text", "csv", "binary" */
HASHSCAN_API hashscan_code hashscan_list_format_parse(const char *name, hashscan_list_format *format,
                                                      hashscan_error *error);

typedef struct hashscan_list_options {
  size_t size;         /* sizeof(hashscan_list_options) */
  const char *name;    /* list name in each verdict; NULL: the file's name without folder and extension */
  const char *version; /* list version in each verdict; NULL: "" */
  hashscan_list_format format;
  int has_kind; /* nonzero: `kind` says what a text line (or a CSV `hash` without `kind`, or a binary list) holds */
  hashscan_kind kind; /* otherwise the length tells: 16 hash64, 32 md5, 40 sha1, 64 pdq */
  int skip_bad_lines; /* nonzero: count bad lines instead of failing at the first */
} hashscan_list_options;

#define HASHSCAN_LIST_OPTIONS_INIT                                                                                     \
  { sizeof(hashscan_list_options), NULL, NULL, HASHSCAN_LIST_FORMAT_AUTO, 0, HASHSCAN_KIND_PDQ, 0 }

HASHSCAN_API void hashscan_list_options_default(hashscan_list_options *options, size_t size);

/* What reading one list gave. */
typedef struct hashscan_list_report {
  size_t size;        /* sizeof(hashscan_list_report) */
  uint64_t lines;     /* lines read, comments and empty ones included; 0 of a binary list, which has none */
  uint64_t entries;   /* entries added */
  uint64_t bad_lines; /* lines skipped as bad; 0 unless skip_bad_lines */
  /* File, line and reason of the first bad line, or why a binary list is refused; code SUCCESS when there is none. */
  hashscan_error first_bad;
} hashscan_list_report;

#define HASHSCAN_LIST_REPORT_INIT                                                                                      \
  {                                                                                                                    \
    sizeof(hashscan_list_report), 0, 0, 0, {                                                                           \
      HASHSCAN_SUCCESS, {                                                                                              \
        0                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }

HASHSCAN_API void hashscan_list_report_default(hashscan_list_report *report, size_t size);

/* The longest name or version of a list, in bytes. */
#define HASHSCAN_MAX_LIST_NAME 4096

/* One list entry. What hashscan_builder_add gets is the caller's; what hashscan_index_entry fills in belongs to the
 * index. */
typedef struct hashscan_entry {
  size_t size; /* sizeof(hashscan_entry) */
  hashscan_kind kind;
  uint32_t reserved;   /* 0 */
  const uint8_t *hash; /* hashscan_kind_bytes(kind) bytes */
  const char *list;    /* UTF-8, as all strings here; NULL counts as "" where the caller fills this in */
  const char *version;
  const char *id;            /* the list's own name for the entry; "" when it has none */
  const char *const *labels; /* label_count strings; NULL when there are none */
  size_t label_count;
  /* The caller's own number of the entry, a row in a database say; 0 when it has none. It stays with the entry through
   * all changes of the index, and need not be unique. */
  uint64_t number;
} hashscan_entry;

#define HASHSCAN_ENTRY_INIT                                                                                            \
  { sizeof(hashscan_entry), HASHSCAN_KIND_PDQ, 0, NULL, "", "", "", NULL, 0, 0 }

HASHSCAN_API void hashscan_entry_default(hashscan_entry *entry, size_t size);

/* Collects entries in memory and writes an index. One thread at a time. */
typedef struct hashscan_builder hashscan_builder;

HASHSCAN_API hashscan_code hashscan_builder_create(hashscan_builder **builder, hashscan_error *error);
HASHSCAN_API void hashscan_builder_destroy(hashscan_builder *builder);

/* Reads the list file at `path` ("-" is not special). A bad line is HASHSCAN_E_FORMAT with "FILE:LINE: reason" unless
 * options->skip_bad_lines; entries added before it stay. `report` may be NULL; it is filled on failure too.
 * Errors: IO, FORMAT, MEMORY, LIMIT (more than 2^32 - 2 entries or 65,536 lists; HASHSCAN_MAX_LIST_NAME), ARGUMENT. */
HASHSCAN_API hashscan_code hashscan_builder_add_list(hashscan_builder *builder, const char *path,
                                                     const hashscan_list_options *options, hashscan_list_report *report,
                                                     hashscan_error *error);

/* The same from memory; `source` names it in messages. */
HASHSCAN_API hashscan_code hashscan_builder_add_list_bytes(hashscan_builder *builder, const char *source,
                                                           const void *bytes, size_t size,
                                                           const hashscan_list_options *options,
                                                           hashscan_list_report *report, hashscan_error *error);

/* Gives the next bytes of a list: at most `capacity` of them into `bytes`, and sets *size, to 0 at the end. Nonzero
 * ends the reading with STOPPED. */
typedef int (*hashscan_read_fn)(void *user, void *bytes, size_t capacity, size_t *size);

/* The same from what `read` gives. As with a file, the list is in memory while it is read, and nothing of it is added
 * before its end has come. Errors: also STOPPED; ARGUMENT when *size is more than `capacity`. */
HASHSCAN_API hashscan_code hashscan_builder_add_list_from(hashscan_builder *builder, const char *source,
                                                          hashscan_read_fn read, void *user,
                                                          const hashscan_list_options *options,
                                                          hashscan_list_report *report, hashscan_error *error);

/* Adds one entry; copies everything it needs. Errors: ARGUMENT, MEMORY, LIMIT. */
HASHSCAN_API hashscan_code hashscan_builder_add(hashscan_builder *builder, const hashscan_entry *entry,
                                                hashscan_error *error);

/* Who may read and write what hashscan_builder_write writes: 0600 with none, some or all of 0066; the folder gets the
 * search bits that go with it. The umask does not count. Without this call a new index is for its owner alone (0600,
 * its folder 0700), and one that is replaced keeps mode, owner and group. Errors: ARGUMENT. */
HASHSCAN_API hashscan_code hashscan_builder_set_mode(hashscan_builder *builder, unsigned mode, hashscan_error *error);

/* Writes the entries as an index folder at `path`. The folder is created when missing; an index that is already
 * there is replaced in one atomic step, and stays whole when this fails at any moment. A folder that holds anything
 * but an index is refused. The builder keeps its entries.
 * Errors: IO (a full disk, a read-only folder), ARGUMENT, MEMORY. */
HASHSCAN_API hashscan_code hashscan_builder_write(hashscan_builder *builder, const char *path, hashscan_error *error);

/* ---- Changing an index ----------------------------------------------------------------------------------------- */

/* A writer of an index that exists: changes are staged, and a commit makes all of them visible in one atomic and
 * durable step. Whoever has the index open keeps the snapshot it opened; whoever opens it (or reloads a matcher) sees
 * the index before the commit or after it, also when this process is killed at any moment.
 *
 * There is one writer of an index at a time, hashscan_builder_write included: the lock is a file in the folder that the
 * kernel gives back when its holder ends. One thread at a time.
 *
 * After a commit that failed the index holds either all of its changes or none, and the updater can only be closed. */
typedef struct hashscan_updater hashscan_updater;

/* Opens and validates the index at `path` and locks it.
 * Errors: those of hashscan_index_open; IO also when another process is changing the index or the folder is read-only.
 */
HASHSCAN_API hashscan_code hashscan_updater_open(const char *path, hashscan_updater **updater, hashscan_error *error);

/* From the next commit on, whether or not that changes anything else, all files of the index have this mode and its
 * folder the one that goes with it, as with hashscan_builder_set_mode. Without this call new files are as MANIFEST is:
 * mode, owner and group stay. Errors: ARGUMENT; the commit fails with IO where the mode cannot be set. */
HASHSCAN_API hashscan_code hashscan_updater_set_mode(hashscan_updater *updater, unsigned mode, hashscan_error *error);

/* Drops what was not committed, and gives the lock back. */
HASHSCAN_API void hashscan_updater_close(hashscan_updater *updater);

/* Adds entries, exactly as the functions of hashscan_builder of the same name do. An entry that is there already is
 * there twice then. Errors: those of hashscan_builder. When reading a list fails, nothing of it is added. */
HASHSCAN_API hashscan_code hashscan_updater_add(hashscan_updater *updater, const hashscan_entry *entry,
                                                hashscan_error *error);
HASHSCAN_API hashscan_code hashscan_updater_add_list(hashscan_updater *updater, const char *path,
                                                     const hashscan_list_options *options, hashscan_list_report *report,
                                                     hashscan_error *error);
HASHSCAN_API hashscan_code hashscan_updater_add_list_bytes(hashscan_updater *updater, const char *source,
                                                           const void *bytes, size_t size,
                                                           const hashscan_list_options *options,
                                                           hashscan_list_report *report, hashscan_error *error);

HASHSCAN_API hashscan_code hashscan_updater_add_list_from(hashscan_updater *updater, const char *source,
                                                          hashscan_read_fn read, void *user,
                                                          const hashscan_list_options *options,
                                                          hashscan_list_report *report, hashscan_error *error);

/* Removes every entry with this hash, of all lists, staged ones included. `hash` is hashscan_kind_bytes(kind) long.
 * Nothing to remove is no error: the report of the commit says how many were. Errors: ARGUMENT, MEMORY. */
HASHSCAN_API hashscan_code hashscan_updater_remove_hash(hashscan_updater *updater, hashscan_kind kind,
                                                        const uint8_t *hash, hashscan_error *error);

/* The same for every entry with this id, of one list (whatever its version) or, with list NULL, of all. The ids of a
 * commit are looked for in one pass over the index. */
HASHSCAN_API hashscan_code hashscan_updater_remove_id(hashscan_updater *updater, const char *list, const char *id,
                                                      hashscan_error *error);

/* The same for every entry of a list, whatever its version. */
HASHSCAN_API hashscan_code hashscan_updater_remove_list(hashscan_updater *updater, const char *list,
                                                        hashscan_error *error);

/* Makes the list `options->name` hold what the file at `path` holds, under the version `options->version`: entries that
 * are equal in kind, hash, id, labels and number stay and get the version, others are removed, new ones added. What the
 * index had of that list, under whatever versions, is replaced. `options->name` may be NULL, as when a list is added.
 * Errors: those of hashscan_builder_add_list; nothing is staged then. */
HASHSCAN_API hashscan_code hashscan_updater_replace_list(hashscan_updater *updater, const char *path,
                                                         const hashscan_list_options *options,
                                                         hashscan_list_report *report, hashscan_error *error);
HASHSCAN_API hashscan_code hashscan_updater_replace_list_bytes(hashscan_updater *updater, const char *source,
                                                               const void *bytes, size_t size,
                                                               const hashscan_list_options *options,
                                                               hashscan_list_report *report, hashscan_error *error);

HASHSCAN_API hashscan_code hashscan_updater_replace_list_from(hashscan_updater *updater, const char *source,
                                                              hashscan_read_fn read, void *user,
                                                              const hashscan_list_options *options,
                                                              hashscan_list_report *report, hashscan_error *error);

/* What a commit did. */
typedef struct hashscan_update_report {
  size_t size; /* sizeof(hashscan_update_report) */
  uint64_t added;
  uint64_t removed;
  uint64_t kept; /* entries of replaced lists that stayed */
} hashscan_update_report;

#define HASHSCAN_UPDATE_REPORT_INIT                                                                                    \
  { sizeof(hashscan_update_report), 0, 0, 0 }

HASHSCAN_API void hashscan_update_report_default(hashscan_update_report *report, size_t size);

/* Makes the staged changes visible and durable; the updater can then go on. `report` may be NULL. A small change is
 * appended to a log; a large one, or a log grown long, becomes a segment. Without changes nothing is written.
 * Errors: IO (a full disk), MEMORY, LIMIT (more than 2^32 - 2 entries in a segment). */
HASHSCAN_API hashscan_code hashscan_updater_commit(hashscan_updater *updater, hashscan_update_report *report,
                                                   hashscan_error *error);

/* The same, and rewrites the index as one segment: removed entries no longer take room, and searching is fastest. Needs
 * memory as building from scratch does. */
HASHSCAN_API hashscan_code hashscan_updater_compact(hashscan_updater *updater, hashscan_update_report *report,
                                                    hashscan_error *error);

/* ---- Searching an index ---------------------------------------------------------------------------------------- */

/* An immutable, memory-mapped, reference-counted snapshot of an index. All functions on it are safe from any number
 * of threads. The files behind it must not be modified in place by others; replacing an index through
 * hashscan_builder_write, or changing it through hashscan_updater, is safe. */
typedef struct hashscan_index hashscan_index;

/* Opens and validates the whole index: every checksum, every offset. An index that opens is safe to search.
 * Errors: IO, FORMAT, VERSION, MEMORY, CPU. */
HASHSCAN_API hashscan_code hashscan_index_open(const char *path, hashscan_index **index, hashscan_error *error);

/* The same from a descriptor of the folder, which stays the caller's: for a process that may open files but not by
 * path. `name` is for messages. */
HASHSCAN_API hashscan_code hashscan_index_open_descriptor(int descriptor, const char *name, hashscan_index **index,
                                                          hashscan_error *error);

/* The same from the bytes of a blob (hashscan_index_write_bytes), at any address. They are copied.
 * Errors: ARGUMENT, FORMAT, VERSION, MEMORY, CPU. */
HASHSCAN_API hashscan_code hashscan_index_open_bytes(const void *bytes, size_t size, hashscan_index **index,
                                                     hashscan_error *error);

/* Writes the whole index, its log included, as one blob into `bytes`, which has room for `capacity`. *size is how long
 * it is: where that is more than `capacity`, so many bytes are needed, and none is written. core/doc/FORMAT.md
 * describes the blob. The digest of the index stays the same. Any thread. Errors: ARGUMENT, MEMORY (more bytes than can
 * be addressed).
 */
HASHSCAN_API hashscan_code hashscan_index_write_bytes(const hashscan_index *index, void *bytes, size_t capacity,
                                                      size_t *size, hashscan_error *error);

/* An index of the builder's entries that is in memory alone. The builder keeps its entries. Errors: ARGUMENT, MEMORY.
 */
HASHSCAN_API hashscan_code hashscan_builder_index(hashscan_builder *builder, hashscan_index **index,
                                                  hashscan_error *error);

HASHSCAN_API hashscan_index *hashscan_index_retain(hashscan_index *index); /* returns its argument */
HASHSCAN_API void hashscan_index_close(hashscan_index *index);             /* gives back one reference */

typedef struct hashscan_index_info {
  size_t size;      /* sizeof(hashscan_index_info) */
  uint64_t entries; /* list entries of all kinds, removed ones not counted */
  uint64_t entries_by_kind[HASHSCAN_MAX_KINDS];
  uint64_t distinct_pdq; /* PDQ rows after equal hashes are collapsed, which they are within a segment */
  uint64_t bytes;        /* size on disk */
  uint64_t log_bytes;    /* changes that are not in a segment yet */
  uint64_t dead;         /* removed entries that still take room: compacting takes it back */
  uint32_t format_version;
  uint32_t lists; /* number of (name, version) pairs */
  uint32_t segments;
  /* Who may read it: the permission bits of its files (segments and log) together, as in stat(2), less what its folder
   * lets nobody through to; 0 of an index in memory. Hash lists are confidential: with 0004 every user of the machine
   * can read this one. */
  uint32_t mode;
  char digest[40]; /* XXH3-128 over the index, 32 hex digits, terminated */
} hashscan_index_info;

#define HASHSCAN_INDEX_INFO_INIT                                                                                       \
  {                                                                                                                    \
    sizeof(hashscan_index_info), 0, {0}, 0, 0, 0, 0, 0, 0, 0, 0, {                                                     \
      0                                                                                                                \
    }                                                                                                                  \
  }

HASHSCAN_API void hashscan_index_info_default(hashscan_index_info *info, size_t size);

/* Fills `info`, whose size the caller has set. Any thread. Errors: ARGUMENT. */
HASHSCAN_API hashscan_code hashscan_index_describe(const hashscan_index *index, hashscan_index_info *info,
                                                   hashscan_error *error);

/* Name, version and entry count of list number `list` (0 to info.lists - 1). The strings live as long as the index.
 * Out pointers may be NULL. Errors: ARGUMENT. */
HASHSCAN_API hashscan_code hashscan_index_list(const hashscan_index *index, uint32_t list, const char **name,
                                               const char **version, uint64_t *entries, hashscan_error *error);

/* Receives a list of an index; its strings live until it returns. Nonzero ends the reading. */
typedef int (*hashscan_list_fn)(void *user, const char *name, const char *version, uint64_t entries);

/* What hashscan_index_describe and hashscan_index_list say of the index at `path` once it is open, without opening it:
 * in a time that grows with its lists, its log and its removed entries, and not with the index. The price is that
 * damage elsewhere goes unnoticed, and then numbers and names of lists may be wrong. The checksums of MANIFEST, the
 * headers, the lists and the log are checked, and that each file is there and has its size; hashscan_index_open checks
 * all the others too.
 * `info`, whose size the caller has set, is filled before the first call of `on_list`, which is called for each list in
 * the order of hashscan_index_list and may be NULL. On failure it is as it was, but for STOPPED. Any thread. Errors:
 * those of hashscan_index_open, ARGUMENT, STOPPED. */
HASHSCAN_API hashscan_code hashscan_index_read_info(const char *path, hashscan_index_info *info,
                                                    hashscan_list_fn on_list, void *user, hashscan_error *error);

/* Fills `out`, whose size the caller has set (start from HASHSCAN_ENTRY_INIT), with entry number `entry` (0 to
 * info.entries - 1). Its pointers live as long as the index. Errors: ARGUMENT. */
HASHSCAN_API hashscan_code hashscan_index_entry(const hashscan_index *index, uint64_t entry, hashscan_entry *out,
                                                hashscan_error *error);

/* One hit of a search. */
typedef struct hashscan_hit {
  uint64_t entry;    /* for hashscan_index_entry */
  uint32_t query;    /* which of the queries */
  uint32_t distance; /* bits, 0 to radius */
} hashscan_hit;

/* The numbers (hashscan_entry.number) of the entries of `count` hits, without touching a string. `numbers` has room for
 * `count`. Any thread. Errors: ARGUMENT; `numbers` is then undefined. */
HASHSCAN_API hashscan_code hashscan_index_numbers(const hashscan_index *index, const hashscan_hit *hits, size_t count,
                                                  uint64_t *numbers, hashscan_error *error);

/* Called for each hit, on the calling thread. Return nonzero to stop the search. */
typedef int (*hashscan_hit_fn)(void *user, const hashscan_hit *hit);

/* What to search for: hashes of one perceptual kind, answered as one batch. */
typedef struct hashscan_search {
  size_t size;            /* sizeof(hashscan_search) */
  hashscan_kind kind;     /* PDQ or HASH64 */
  unsigned radius;        /* largest distance over the known bits, inclusive, 0 to 256 */
  const uint8_t *queries; /* `count` hashes of hashscan_kind_bytes(kind) bytes, one after the other */
  /* As many bytes; a set bit says that this bit of the query is not known and differs from nothing. NULL: all bits are
   * known. */
  const uint8_t *unknown;
  size_t count;                    /* up to 2^32 - 1 */
  const hashscan_control *control; /* may end the search; NULL: none */
} hashscan_search;

#define HASHSCAN_SEARCH_INIT                                                                                           \
  { sizeof(hashscan_search), HASHSCAN_KIND_PDQ, 31u, NULL, NULL, 0, NULL }

HASHSCAN_API void hashscan_search_default(hashscan_search *search, size_t size);

/* Finds every entry of search->kind within the radius of each query. The set of hits is complete and exact, by whatever
 * way is cheapest; their order is unspecified. Thousands of queries in one call, all bits known, take less time each
 * than one by one: they share one walk over the index, for which about 40 bytes a query are allocated, and their hits
 * come at its end. Any thread; takes 16 KiB of its stack, and 136 KB that the index lends it and keeps for the next
 * search. Errors: ARGUMENT (radius over 256, a kind of digests), MEMORY, STOPPED (the callback returned nonzero, or
 * the control was cancelled), TIMEOUT. */
HASHSCAN_API hashscan_code hashscan_index_search(const hashscan_index *index, const hashscan_search *search,
                                                 hashscan_hit_fn on_hit, void *user, hashscan_error *error);

/* The same into an array of the caller's, which has room for `capacity` hits. *count is how many there are: where it is
 * more than `capacity`, that many are needed, and the array holds some of them. Where a control ended the search, the
 * array says nothing. Errors: ARGUMENT, MEMORY, STOPPED, TIMEOUT. */
HASHSCAN_API hashscan_code hashscan_index_search_hits(const hashscan_index *index, const hashscan_search *search,
                                                      hashscan_hit *hits, size_t capacity, size_t *count,
                                                      hashscan_error *error);

/* Finds every entry of `kind` (MD5, SHA1 or SHA256) whose digest equals one of `digest_count`, which stand one after
 * the other; hit->query says which, and distances are 0. Any thread. Errors: ARGUMENT (a perceptual kind, more than
 * 2^32 - 1 digests), STOPPED. */
HASHSCAN_API hashscan_code hashscan_index_lookup(const hashscan_index *index, hashscan_kind kind,
                                                 const uint8_t *digests, size_t digest_count, hashscan_hit_fn on_hit,
                                                 void *user, hashscan_error *error);

/* The same into an array, as with hashscan_index_search_hits. Errors: ARGUMENT. */
HASHSCAN_API hashscan_code hashscan_index_lookup_hits(const hashscan_index *index, hashscan_kind kind,
                                                      const uint8_t *digests, size_t digest_count, hashscan_hit *hits,
                                                      size_t capacity, size_t *count, hashscan_error *error);

/* Searches an index with memory of its own, so that a search allocates nothing but what a sweep over thousands of
 * queries takes. One thread at a time, and no search from a callback of another one of the same searcher. */
typedef struct hashscan_searcher hashscan_searcher;

/* Takes a reference to the index. Errors: ARGUMENT, MEMORY. */
HASHSCAN_API hashscan_code hashscan_searcher_create(hashscan_index *index, hashscan_searcher **searcher,
                                                    hashscan_error *error);
HASHSCAN_API void hashscan_searcher_destroy(hashscan_searcher *searcher);

/* As hashscan_index_search and hashscan_index_search_hits. */
HASHSCAN_API hashscan_code hashscan_searcher_search(hashscan_searcher *searcher, const hashscan_search *search,
                                                    hashscan_hit_fn on_hit, void *user, hashscan_error *error);
HASHSCAN_API hashscan_code hashscan_searcher_search_hits(hashscan_searcher *searcher, const hashscan_search *search,
                                                         hashscan_hit *hits, size_t capacity, size_t *count,
                                                         hashscan_error *error);

/* ---- From image hashes, or bytes, to verdicts ------------------------------------------------------------------ */

typedef enum hashscan_transforms {
  HASHSCAN_TRANSFORMS_NONE = 0,     /* the image as it is */
  HASHSCAN_TRANSFORMS_DIHEDRAL = 1, /* and its seven flips and rotations */
  /* As many as an input's image hashes have, one or eight: whoever hashed it has chosen. Where one of them has eight,
   * so must the others. A hasher of the matcher computes eight. */
  HASHSCAN_TRANSFORMS_HASHED = 2
} hashscan_transforms;

#define HASHSCAN_TRANSFORMS_COUNT 3

HASHSCAN_API const char *hashscan_transforms_name(hashscan_transforms transforms); /* "none", "dihedral", "hashed" */
HASHSCAN_API hashscan_code hashscan_transforms_parse(const char *name, hashscan_transforms *transforms,
                                                     hashscan_error *error);

typedef struct hashscan_match_options {
  size_t size;                    /* sizeof(hashscan_match_options) */
  unsigned radius;                /* bits, inclusive, 0 to 256; default 31 */
  hashscan_transforms transforms; /* default dihedral */
  int min_quality;                /* 0 to 100; default 50; lower PDQ hashes are not compared */
  hashscan_profile profile;       /* default full */
  /* Default fast. Both fast and blocks screen: they hash at that level, search with the bits that may differ as
   * wildcards, and only when there is a candidate or when the quality may lie on either side of min_quality decode
   * again and decide by the exact hash; after blocks, the fast hash is asked before it. With fast, outcome, matches and
   * distances are those of exact for every file; the quality of a picture that the fast hash settled may be an
   * estimate. With blocks a crafted file can hide a match (see HASHSCAN_LEVEL_BLOCKS), damage in those scans of a
   * progressive JPEG that it does not read goes unnoticed, and a picture may be ok where it is of low_quality at exact.
   * Exact turns screening off. Image hashes at a level that is less exact than this one settle nothing. */
  hashscan_level level;
  uint32_t kinds;                /* a bit 1 << kind for each that is compared, PDQ or a digest at least; default all */
  const hashscan_limits *limits; /* copied; NULL: the defaults */
} hashscan_match_options;

#define HASHSCAN_KINDS_ALL 0xffffffffu

#define HASHSCAN_MATCH_OPTIONS_INIT                                                                                    \
  {                                                                                                                    \
    sizeof(hashscan_match_options), 31u, HASHSCAN_TRANSFORMS_DIHEDRAL, 50, HASHSCAN_PROFILE_FULL, HASHSCAN_LEVEL_FAST, \
        HASHSCAN_KINDS_ALL, NULL                                                                                       \
  }

HASHSCAN_API void hashscan_match_options_default(hashscan_match_options *options, size_t size);

/* Zero is the one that clears nothing, so that a verdict that was never filled is no clean one. */
typedef enum hashscan_outcome {
  /* Any status but those below; a damaged picture of low quality; one of which people may see what is not compared
   * (image.unseen); one that more must be hashed of (`requests`). `reason` says why. */
  HASHSCAN_OUTCOME_UNEXAMINED = 0,
  HASHSCAN_OUTCOME_NOT_IMAGE = 1, /* status not_image, and its digests are on no list */
  HASHSCAN_OUTCOME_NO_MATCH = 2,  /* ok, damaged or low_quality, and nothing on the lists resembles any view of it */
  HASHSCAN_OUTCOME_MATCH = 3      /* whatever the status: digests are compared for all of them */
} hashscan_outcome;

#define HASHSCAN_OUTCOME_COUNT 4

/* "unexamined", "not_image", "no_match", "match" */
HASHSCAN_API const char *hashscan_outcome_name(hashscan_outcome outcome);
HASHSCAN_API hashscan_code hashscan_outcome_parse(const char *name, hashscan_outcome *outcome, hashscan_error *error);

/* How the PDQ part of a verdict was found. */
typedef enum hashscan_method {
  HASHSCAN_METHOD_EXACT = 0,          /* the exact hash alone */
  HASHSCAN_METHOD_FAST = 1,           /* the fast hash and its unknown bits settled it: nothing is within the radius */
  HASHSCAN_METHOD_FAST_CONFIRMED = 2, /* the fast hash left something to decide, and the exact hash decided it */
  HASHSCAN_METHOD_BLOCKS = 3          /* a hash from JPEG blocks and its unknown bits; else the fast hash was asked */
} hashscan_method;

#define HASHSCAN_METHOD_COUNT 4

/* "exact", "fast", "fast-confirmed", "blocks" */
HASHSCAN_API const char *hashscan_method_name(hashscan_method method);
HASHSCAN_API hashscan_code hashscan_method_parse(const char *name, hashscan_method *method, hashscan_error *error);

/* One entry that an input matches. The library allocates it; more fields may follow in later versions. */
typedef struct hashscan_match {
  uint64_t entry; /* for hashscan_index_entry of the snapshot that answered */
  uint32_t index; /* number of that snapshot, 0 with one index */
  hashscan_kind kind;
  unsigned distance;               /* bits; 0 for digests */
  uint32_t picture;                /* of the input: the one that is closest, the first among equals */
  hashscan_view view;              /* of that picture, likewise */
  hashscan_transform transform;    /* of that view, likewise */
  const char *list, *version, *id; /* as in hashscan_entry; live as long as the verdict, as the labels do */
  const char *const *labels;
  size_t label_count;
  const char *index_path; /* as the matcher was given it */
} hashscan_match;

/* The answer for one input. The library allocates it, and more fields may follow in later versions: hold it by its
 * pointer. It keeps the snapshots that answered, so it stays valid across reloads and after the matcher is gone. */
typedef struct hashscan_verdict {
  hashscan_outcome outcome;
  hashscan_status status;           /* the input's terminal status: that of its first image, or low_quality */
  hashscan_method method;           /* of no meaning when image->hash_count is 0 */
  const char *reason;               /* one line for people, fit for a terminal; "" when there is nothing to say */
  const hashscan_image_hash *image; /* of the stored view of the first picture, at the most exact level at hand */
  size_t match_count;
  const hashscan_match *const *matches; /* one per matching entry, by distance, then by index, then by entry number */
  /* What must still be hashed, a few of them when they are many; empty once the verdict is final. As long as there are
   * any the outcome is unexamined, or a match that is one already. */
  size_t request_count;
  const hashscan_hash_request *const *requests;
  size_t index_count;
  hashscan_index *const *indexes; /* the snapshots that answered; the references are the verdict's */
} hashscan_verdict;

HASHSCAN_API void hashscan_verdict_destroy(hashscan_verdict *verdict);

/* One or several indexes that can be replaced while others are matching, and the policy to match with. */
typedef struct hashscan_matcher hashscan_matcher;

#define HASHSCAN_MAX_INDEXES 1024 /* of a matcher */

/* Opens the indexes at `paths` (one a partner, say), at least one. What is searched is all of them, and each match says
 * which one it is of. Errors: those of hashscan_index_open, ARGUMENT. */
HASHSCAN_API hashscan_code hashscan_matcher_create(const char *const *paths, size_t path_count,
                                                   const hashscan_match_options *options, hashscan_matcher **matcher,
                                                   hashscan_error *error);
HASHSCAN_API void hashscan_matcher_destroy(hashscan_matcher *matcher);

/* Opens all indexes again and swaps them in together. Matches under way finish on the snapshots they began with. When
 * one of the new indexes is bad all the old ones stay in use and the error says why. Any thread. */
HASHSCAN_API hashscan_code hashscan_matcher_reload(hashscan_matcher *matcher, hashscan_error *error);

/* The current snapshot of index number `index`, with a reference for the caller (hashscan_index_close gives it back);
 * NULL when there is no such index. Any thread. */
HASHSCAN_API hashscan_index *hashscan_matcher_snapshot(hashscan_matcher *matcher, size_t index);

/* A hasher set up for this matcher's profile, transforms, level and limits, and for the digests that its present
 * snapshots list; one per thread. */
HASHSCAN_API hashscan_code hashscan_matcher_hasher(hashscan_matcher *matcher, hashscan_hasher **hasher,
                                                   hashscan_error *error);

/* Compares image hashes with the current snapshots. Input number i is described by image_counts[i] image hashes, one or
 * more; `images` holds those of the first input, then those of the second, and so on. With image_counts NULL each input
 * has one. Fills verdicts[0] to verdicts[input_count - 1]; each is destroyed by the caller. All inputs of a call share
 * the searches of the indexes, which many at once make cheaper.
 *
 * A verdict whose `requests` is empty is final, and the one that hashscan_match_image has for the same bytes. Otherwise
 * something is missing: the exact hash where a screening one has a candidate or its quality may lie on either side of
 * the minimum, another view or picture, all eight transforms, or digests of a kind that an index lists. Hash it
 * (hashscan_hash_requested, wherever the bytes are), and call again with the image hashes of before *and* the new ones:
 * their order does not count, but for two of the same picture, view and level, of which the later one does. Until then
 * the outcome is unexamined unless there is a match, so that nothing is cleared by a caller who ignores it.
 *
 * Image hashes may come from anywhere: one that holds values outside their ranges is ARGUMENT, as hashscan_image_hash's
 * decoder would refuse it, and so is one whose `size` ends before its reason. But what it says is believed.
 *
 * `control` may end the call; NULL: none.
 *
 * Errors: ARGUMENT (also images of one input whose digests differ, and those of another profile than the matcher's),
 * MEMORY, STOPPED, TIMEOUT; all of `verdicts` are then NULL. Any number of threads. */
HASHSCAN_API hashscan_code hashscan_match_hashes(hashscan_matcher *matcher, const hashscan_image_hash *const *images,
                                                 const size_t *image_counts, size_t input_count,
                                                 const hashscan_control *control, hashscan_verdict **verdicts,
                                                 hashscan_error *error);

/* Hashes an encoded image and compares it with the current snapshots: hashscan_hash_image and hashscan_match_hashes,
 * and both again for what that requests, until the verdict is final. Digests are computed only when the snapshots have
 * entries of their kind, and are compared whatever the decoder thinks of the bytes. Safe from any number of threads
 * with one hasher each; a hasher's control may end the whole call. Errors: ARGUMENT (a hasher that was not made for
 * this matcher's options), MEMORY, STOPPED, TIMEOUT; *verdict is then NULL. */
HASHSCAN_API hashscan_code hashscan_match_image(hashscan_matcher *matcher, hashscan_hasher *hasher, const void *bytes,
                                                size_t size, hashscan_verdict **verdict, hashscan_error *error);

/* ---- Scanning storage ------------------------------------------------------------------------------------------ */

/* One input and its verdict. It belongs to the library and lives until the callback returns; it may grow at its end. */
typedef struct hashscan_record {
  uint64_t number;  /* 0, 1, 2, ... in output order */
  const char *path; /* as found: bytes, not necessarily UTF-8 */
  uint64_t bytes;   /* file size; 0 when unknown */
  const hashscan_verdict *verdict;
  int duplicate; /* nonzero: same bytes as an earlier input of this scan; decoded once */
} hashscan_record;

/* How far a scan is. It belongs to the library and lives until the callback returns; it may grow at its end. */
typedef struct hashscan_progress {
  uint64_t done;    /* inputs finished and reported */
  uint64_t total;   /* inputs found; final once total_known, a lower bound before */
  uint64_t bytes;   /* bytes examined */
  uint64_t matches; /* inputs that matched */
  int total_known;
} hashscan_progress;

/* What became of many inputs: every one is counted once by its outcome and once by its status, those that were hashed
 * once by the method. A scan counts into it; so can whoever has a loop of his own, and the summaries of several
 * threads, runs or machines add up. One thread at a time. */
typedef struct hashscan_summary hashscan_summary;

/* Everything is 0. Errors: ARGUMENT, MEMORY. */
HASHSCAN_API hashscan_code hashscan_summary_create(hashscan_summary **summary, hashscan_error *error);
HASHSCAN_API void hashscan_summary_destroy(hashscan_summary *summary);

/* Counts one input, as a scan does: `verdict` of `bytes` bytes, `duplicate` when it was answered from the bytes of an
 * earlier one. Errors: ARGUMENT (a verdict whose outcome, status or method this library does not know). */
HASHSCAN_API hashscan_code hashscan_summary_count(hashscan_summary *summary, const hashscan_verdict *verdict,
                                                  uint64_t bytes, int duplicate, hashscan_error *error);

/* Adds all that `part` counted. */
HASHSCAN_API void hashscan_summary_add(hashscan_summary *summary, const hashscan_summary *part);

HASHSCAN_API uint64_t hashscan_summary_inputs(const hashscan_summary *summary);
HASHSCAN_API uint64_t hashscan_summary_outcome(const hashscan_summary *summary, hashscan_outcome outcome);
HASHSCAN_API uint64_t hashscan_summary_status(const hashscan_summary *summary, hashscan_status status);
/* Of inputs that were hashed; duplicates as the first of them. */
HASHSCAN_API uint64_t hashscan_summary_method(const hashscan_summary *summary, hashscan_method method);
HASHSCAN_API uint64_t hashscan_summary_duplicates(const hashscan_summary *summary);
HASHSCAN_API uint64_t hashscan_summary_bytes(const hashscan_summary *summary);
HASHSCAN_API double
hashscan_summary_seconds(const hashscan_summary *summary);                  /* that scans took, one after the other */
HASHSCAN_API int hashscan_summary_stopped(const hashscan_summary *summary); /* nonzero: a scan was stopped early */

/* The written form of a summary (core/doc/FORMAT.md), for another process or machine. Returns its size in bytes, and
 * writes it when `size` bytes at `bytes` have room for it; 0 asks. Equal summaries are equal bytes. */
HASHSCAN_API size_t hashscan_summary_encode(const hashscan_summary *summary, uint8_t *bytes, size_t size);

/* Makes a summary of `size` bytes that hashscan_summary_encode wrote; they may come from anybody. Errors: FORMAT;
 * VERSION (of a later version, or with counts of what this library does not know: none is lost); ARGUMENT, MEMORY. */
HASHSCAN_API hashscan_code hashscan_summary_decode(const uint8_t *bytes, size_t size, hashscan_summary **summary,
                                                   hashscan_error *error);

/* Which symbolic links in the folders of a scan are followed. A link that is one of the paths always is. */
typedef enum hashscan_links {
  /* Those that lead to one of the paths or into it: `paths`, and those folders of next_path that came before. */
  HASHSCAN_LINKS_WITHIN = 0,
  HASHSCAN_LINKS_FOLLOW = 1, /* all */
  HASHSCAN_LINKS_SKIP = 2    /* none */
} hashscan_links;

#define HASHSCAN_LINKS_COUNT 3

HASHSCAN_API const char *hashscan_links_name(hashscan_links links); /* "within", "follow", "skip" */
HASHSCAN_API hashscan_code hashscan_links_parse(const char *name, hashscan_links *links, hashscan_error *error);

typedef struct hashscan_scan_options {
  size_t size;              /* sizeof(hashscan_scan_options) */
  const char *const *paths; /* files and folders; folders are walked */
  size_t path_count;
  /* More roots, pulled one at a time after `paths`; NULL: none. Sets *path, which must stay valid until the next call
   * and is NULL at the end. Called from a thread of the scan, which waits for it to return before it ends. */
  int (*next_path)(void *user, const char **path);
  unsigned threads;     /* 0: one per CPU this process may run on */
  hashscan_links links; /* default within */
  /* This callback and the next two are called on the thread that called hashscan_scan, one at a time. on_record gets
   * each input, in a stable order that does not depend on `threads`. Required. It stops the scan at once. */
  int (*on_record)(void *user, const hashscan_record *record);
  /* Called a few times a second. NULL: no progress, and no counting ahead. */
  int (*on_progress)(void *user, const hashscan_progress *progress);
  /* Polled between inputs, and while the next one is awaited; may be NULL. It stops the scan as on_progress and
   * next_path do: no new input is begun, and those that were get their records. */
  int (*should_stop)(void *user);
  void *user;
  /* May end the scan within a few tenths of a second, whatever the inputs under way are; they get no record. NULL:
   * none.
   */
  const hashscan_control *control;
} hashscan_scan_options;

#define HASHSCAN_SCAN_OPTIONS_INIT                                                                                     \
  { sizeof(hashscan_scan_options), NULL, 0, NULL, 0u, HASHSCAN_LINKS_WITHIN, NULL, NULL, NULL, NULL, NULL }

HASHSCAN_API void hashscan_scan_options_default(hashscan_scan_options *options, size_t size);

/* Scans every regular file under the paths. Folders are walked in byte order of their names, and a folder reached twice
 * is walked once, so loops end. Every name found that is no folder has exactly one record: a file under each of its
 * names and of the links that are followed to it; links that are not followed (unreadable, with the reason), dangling
 * links, FIFOs, devices, sockets, unreadable files and folders with their status. A link that is followed to a folder
 * stands for that folder. Unless links is FOLLOW, what is opened is what was found: a file, folder or link that is
 * exchanged meanwhile gets the status changed. Files are opened non-blocking and only when regular. Inputs with equal
 * bytes are decoded once.
 * Returns SUCCESS when every input has a record. When a callback stopped it before that, it is STOPPED, as when its
 * control was cancelled; and the records that were given out are complete and the first ones of a whole scan. What was
 * given out is added to `summary` in every case; it may be NULL. Errors: ARGUMENT, MEMORY, STOPPED, TIMEOUT. */
HASHSCAN_API hashscan_code hashscan_scan(hashscan_matcher *matcher, const hashscan_scan_options *options,
                                         hashscan_summary *summary, hashscan_error *error);

#ifdef __cplusplus
}
#endif

#endif /* HASHSCAN_H */
