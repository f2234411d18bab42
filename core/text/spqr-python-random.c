/* spqr-python-random.c: M. Matsumoto and T. Nishimura's MT19937:
 * x[k+n] = x[k+m] ^ ((x[k] & upper | x[k+1] & lower) >> 1) ^ (odd ? a : 0), n = 624, m = 397, tempered. */
#include "text/spqr-python-random.h"

#define N 624
#define M 397

static void
init_plain (SpqrPythonRandom *random, guint32 seed)
{
  random->state[0] = seed;
  for (guint32 i = 1; i < N; i++)
    random->state[i] = 1812433253u * (random->state[i - 1] ^ (random->state[i - 1] >> 30)) + i;
  random->index = N;
}

static guint32
mix (const guint32 *x, guint i, guint32 factor)
{
  return x[i] ^ ((x[i - 1] ^ (x[i - 1] >> 30)) * factor);
}

/* Steps i to the next word; the first word follows the last. */
static guint
advance (guint32 *x, guint i)
{
  if (++i < N)
    return i;
  x[0] = x[N - 1];
  return 1;
}

void
spqr_python_random_seed (SpqrPythonRandom *random, gint64 seed)
{
  guint64 magnitude = seed < 0 ? (guint64) 0 - (guint64) seed : (guint64) seed;
  guint32 key[2] = { (guint32) magnitude, (guint32) (magnitude >> 32) };
  guint n_key = key[1] != 0 ? 2 : 1, i = 1, j = 0;
  guint32 *x = random->state;

  init_plain (random, 19650218u);
  for (guint k = 0; k < N; k++)
    {
      x[i] = mix (x, i, 1664525u) + key[j] + j;
      i = advance (x, i);
      j = (j + 1) % n_key;
    }
  for (guint k = 0; k < N - 1; k++)
    {
      x[i] = mix (x, i, 1566083941u) - i;
      i = advance (x, i);
    }
  x[0] = 0x80000000u;
}

static void
refill (SpqrPythonRandom *random)
{
  guint32 *x = random->state;

  for (guint k = 0; k < N; k++)
    {
      guint32 y = (x[k] & 0x80000000u) | (x[(k + 1) % N] & 0x7fffffffu);

      x[k] = x[(k + M) % N] ^ (y >> 1) ^ ((y & 1) ? 0x9908b0dfu : 0);
    }
  random->index = 0;
}

guint32
spqr_python_random_next (SpqrPythonRandom *random)
{
  guint32 y;

  if (random->index >= N)
    refill (random);
  y = random->state[random->index++];
  y ^= y >> 11;
  y ^= (y << 7) & 0x9d2c5680u;
  y ^= (y << 15) & 0xefc60000u;
  return y ^ (y >> 18);
}

gint64
spqr_python_random_int (SpqrPythonRandom *random, gint64 low, gint64 high)
{
  guint64 width = (guint64) (high - low) + 1;
  guint bits = 0;
  guint32 value;

  while (width >> bits != 0)
    bits++;
  do
    value = spqr_python_random_next (random) >> (32 - bits);
  while (value >= width);
  return low + (gint64) value;
}
