/* spqr-packed-impl.h: the two loops of a packed product, included once per instruction set by spqr-packed.c with TARGET
 * (its attribute), NAME (a name's prefix) and ROUND (Lanes *, in place to the nearest f16 numbers) defined. Every variant
 * gives the same bits. */

static TARGET inline void
NAME (decode_lanes) (LanesByte codes, float scale, float zero, float *out)
{
  Lanes w = __builtin_convertvector (__builtin_convertvector (codes, LanesInt), Lanes) - zero;

  ROUND (&w);
  w *= scale;
  ROUND (&w);
  memcpy (out, &w, sizeof w);
}

/* Codes and statistics alone, width columns. scale and zero: of this row's groups. */
static TARGET void
NAME (decode) (const SpqrPacked *self, const guint8 *codes, const float *scale, const float *zero, float *out)
{
  size_t stretches = self->group / LANES, left = stretches, g = 0;   /* of the group; without groups it never ends */

  for (size_t j = 0; j < self->width; j += 32)
    {
      LanesByte low, high;

      if (self->nibbles)
        {
          memcpy (&low, codes + j / 2, sizeof low);
          high = low >> 4;
          low &= 15;
        }
      else
        {
          memcpy (&low, codes + j, sizeof low);
          memcpy (&high, codes + j + LANES, sizeof high);
        }
      NAME (decode_lanes) (low, scale[g], zero[g], out + j);
      if (--left == 0 && g + 1 < self->groups)
        {
          g++;
          left = stretches;
        }
      NAME (decode_lanes) (high, scale[g], zero[g], out + j + LANES);
      if (--left == 0 && g + 1 < self->groups)
        {
          g++;
          left = stretches;
        }
    }
}

/* In 32 lanes that are added up in one order. */
static TARGET float
NAME (dot) (const float *a, const float *b, size_t n)
{
  Lanes first = {}, second = {};
  float sum = 0;

  for (size_t j = 0; j < n; j += 32)
    {
      Lanes u, v, w, x;

      memcpy (&u, a + j, sizeof u);
      memcpy (&v, b + j, sizeof v);
      memcpy (&w, a + j + LANES, sizeof w);
      memcpy (&x, b + j + LANES, sizeof x);
      first += u * v;
      second += w * x;
    }
  first += second;
  for (int l = 0; l < LANES; l++)
    sum += first[l];
  return sum;
}
