/* spqr-python-random.h: the random numbers of Python's `random` module: MT19937, seeded as
 * random.seed(int) does. */
#pragma once

#include <glib.h>

typedef struct {
  guint32 state[624];
  guint index;
} SpqrPythonRandom;

/* random.seed(seed): the absolute value's 32-bit words, lowest first, through init_by_array. */
void    spqr_python_random_seed (SpqrPythonRandom *random, gint64 seed);
/* random.getrandbits(32). */
guint32 spqr_python_random_next (SpqrPythonRandom *random);
/* random.randint(low, high), both inclusive; high - low < 2^32 - 1. */
gint64  spqr_python_random_int (SpqrPythonRandom *random, gint64 low, gint64 high);
