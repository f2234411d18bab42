#include "plot/spqr-axis.h"

#include <math.h>

#include "plot/spqr-format.h"

double
spqr_axis_nice_floor (double x)
{
  if (!(x > 0) || !isfinite (x))
    return 1;
  double power = pow (10, floor (log10 (x))), m = x / power;
  return power * (m >= 5 * (1 - 1e-9) ? m >= 10 * (1 - 1e-9) ? 10 : 5 : m >= 2 * (1 - 1e-9) ? 2 : 1);
}

/* The smallest nice step with at most `wanted` intervals. */
static double
nice_step (double span, size_t wanted, bool integer)
{
  double raw = span / (double) MAX (wanted, 1), step = spqr_axis_nice_floor (raw);
  if (step < raw * (1 - 1e-9))
    {
      double power = pow (10, floor (log10 (step) + 1e-9)), m = round (step / power);
      step = m < 1.5 ? 2 * power : m < 3 ? 5 * power : 10 * power;
    }
  return integer ? MAX (1, round (step)) : step;
}

void
spqr_axis_nice_range (double *lo, double *hi, size_t wanted)
{
  if (!isfinite (*lo) || !isfinite (*hi))
    {
      *lo = 0;
      *hi = 1;
      return;
    }
  if (!(*hi > *lo))
    {
      double d = *lo != 0 ? fabs (*lo) * 0.1 : 1;
      *hi = *lo + d;
      *lo -= d;
    }
  double step = nice_step (*hi - *lo, wanted, false);
  *lo = floor (*lo / step + 1e-9) * step;
  *hi = ceil (*hi / step - 1e-9) * step;
}

static void
set_label (SpqrTick *tick, const char *text)
{
  g_strlcpy (tick->label, text, sizeof tick->label);
  /* Never end inside a character. */
  const char *end;
  if (!g_utf8_validate (tick->label, -1, &end))
    tick->label[end - tick->label] = '\0';
}

static SpqrTick *
add_tick (SpqrAxis *axis, const SpqrScale *scale, double value, bool major)
{
  double t = spqr_scale_apply (scale, value);
  if (scale->kind == SPQR_SCALE_LOG && value < scale->lo * (1 - 1e-9)) /* apply() has a floor */
    return NULL;
  if (axis->n >= SPQR_AXIS_MAX_TICKS || !(t >= -1e-9 && t <= 1 + 1e-9))
    return NULL;
  SpqrTick *tick = &axis->ticks[axis->n++];
  *tick = (SpqrTick) { value, CLAMP (t, 0, 1), major, "" };
  return tick;
}

static void
label_value (SpqrTick *tick, double step, SpqrAxisFormat format)
{
  double value = tick->value;
  g_autofree char *text = NULL;
  double top = MAX (fabs (value), step);
  if (format == SPQR_AXIS_PERCENT)
    {
      int decimals = (int) CLAMP (ceil (-log10 (step * 100) - 1e-9), 0, 6);
      g_autofree char *number = spqr_format_fixed (value * 100, decimals);
      text = g_strconcat (number, "\u00a0%", NULL);
    }
  else if (format == SPQR_AXIS_INTEGER && fabs (value) < 1e15)
    {
      g_autofree char *magnitude = spqr_format_integer ((guint64) llround (fabs (value)));
      text = g_strconcat (value < 0 ? "\u2212" : "", magnitude, NULL);
    }
  else if (value != 0 && (top >= 1e5 || step < 9e-5))
    text = spqr_format_value (value, 4);
  else
    text = spqr_format_fixed (value, (int) CLAMP (ceil (-log10 (step) - 1e-9), 0, 6));
  set_label (tick, text);
}

static void
linear_ticks (SpqrAxis *axis, const SpqrScale *scale, size_t wanted, SpqrAxisFormat format)
{
  double step = nice_step (scale->hi - scale->lo, wanted, format == SPQR_AXIS_INTEGER);
  double first = ceil (scale->lo / step - 1e-6), last = floor (scale->hi / step + 1e-6);
  if (!(last - first < SPQR_AXIS_MAX_TICKS))
    return;
  for (double k = first; k <= last; k++)
    {
      SpqrTick *tick = add_tick (axis, scale, k * step, true);
      if (tick)
        label_value (tick, step, format);
    }
}

static void
label_power (SpqrTick *tick, int exponent, bool plain, bool negative)
{
  g_autofree char *text = plain ? spqr_format_value (pow (10, exponent), 6) : spqr_format_power (exponent);
  g_autofree char *with_sign = g_strconcat (negative ? "\u2212" : "", text, NULL);
  set_label (tick, with_sign);
}

/* Whole decades, every k-th of them labelled; 2 and 5 too when there is room. */
static void
log_ticks (SpqrAxis *axis, const SpqrScale *scale, size_t wanted, SpqrAxisFormat format)
{
  double decades = log10 (scale->hi / scale->lo);
  int first = (int) floor (log10 (scale->lo) + 1e-9), last = (int) ceil (log10 (scale->hi) - 1e-9);
  int every = MAX (1, (int) ceil (decades / (double) wanted));
  bool fill = decades * 3 <= (double) wanted;
  if (decades < 0.7) /* no two of 1, 2, 5 may fall inside */
    {
      SpqrScale flat = { SPQR_SCALE_LINEAR, scale->lo, scale->hi, 1 };
      double step = nice_step (flat.hi - flat.lo, wanted, false);
      for (double k = ceil (flat.lo / step - 1e-6); k * step <= flat.hi * (1 + 1e-9) && axis->n < SPQR_AXIS_MAX_TICKS; k++)
        {
          SpqrTick *tick = add_tick (axis, scale, k * step, true);
          if (tick)
            label_value (tick, step, format);
        }
      return;
    }
  bool plain = first >= -4 && last <= 4;
  for (int e = first; e <= last; e++)
    {
      bool labelled = ((e % every) + every) % every == 0;
      SpqrTick *tick = add_tick (axis, scale, pow (10, e), labelled);
      if (tick && labelled)
        {
          if (format == SPQR_AXIS_NUMBER)
            label_power (tick, e, plain, false);
          else
            label_value (tick, pow (10, e), format);
        }
      if (every > 1)
        continue;
      for (int m = 2; m < 10; m++)
        if (fill ? m == 2 || m == 5 : decades <= 4)
          {
            tick = add_tick (axis, scale, m * pow (10, e), fill);
            if (tick && fill)
              label_value (tick, pow (10, e), format);
          }
    }
}

static void
symlog_side (SpqrAxis *axis, const SpqrScale *scale, double limit, bool negative, size_t wanted)
{
  if (!(limit > 0))
    return;
  /* The decades worth a label begin about at c. */
  int last = (int) floor (log10 (limit) + 1e-9), first = (int) ceil (log10 (scale->constant) - 1e-9);
  first = MIN (first, last);
  int every = MAX (1, (int) ceil ((last - first + 1) / (double) MAX (wanted, 1)));
  bool plain = first >= -3 && last <= 4;
  for (int e = last; e >= first; e -= every)
    {
      SpqrTick *tick = add_tick (axis, scale, (negative ? -1 : 1) * pow (10, e), true);
      if (tick)
        label_power (tick, e, plain, negative);
    }
}

static void
symlog_ticks (SpqrAxis *axis, const SpqrScale *scale, size_t wanted)
{
  bool both = scale->lo < 0 && scale->hi > 0;
  size_t each = MAX (1, both ? (wanted - 1) / 2 : wanted - 1);
  if (scale->lo < 0)
    symlog_side (axis, scale, -scale->lo, true, each);
  SpqrTick *zero = add_tick (axis, scale, 0, true);
  if (zero)
    set_label (zero, "0");
  if (scale->hi > 0)
    symlog_side (axis, scale, scale->hi, false, each);
}

static void
end_ticks (SpqrAxis *axis, const SpqrScale *scale, SpqrAxisFormat format)
{
  size_t labelled = 0;
  for (size_t i = 0; i < axis->n; i++)
    labelled += axis->ticks[i].major;
  if (labelled > 0)
    return;
  for (int end = 0; end < 2; end++)
    {
      SpqrTick *tick = add_tick (axis, scale, end ? scale->hi : scale->lo, true);
      if (!tick)
        continue;
      g_autofree char *text = spqr_format_value (format == SPQR_AXIS_PERCENT ? tick->value * 100 : tick->value, 3);
      g_autofree char *full = g_strconcat (text, format == SPQR_AXIS_PERCENT ? "\u00a0%" : "", NULL);
      set_label (tick, full);
    }
}

void
spqr_axis_init (SpqrAxis *axis, const SpqrScale *scale, size_t wanted, SpqrAxisFormat format)
{
  axis->n = 0;
  wanted = CLAMP (wanted, 1, SPQR_AXIS_MAX_TICKS / 4);
  if (spqr_scale_is_pathological (scale))
    {
      axis->n = 1;
      axis->ticks[0] = (SpqrTick) { scale->lo, 0.5, true, "" };
      g_autofree char *text = spqr_format_value (scale->lo, 4);
      set_label (&axis->ticks[0], text);
      return;
    }
  switch (scale->kind)
    {
    case SPQR_SCALE_LOG:
      log_ticks (axis, scale, wanted, format);
      break;
    case SPQR_SCALE_SYMLOG:
      symlog_ticks (axis, scale, MAX (wanted, 3));
      break;
    case SPQR_SCALE_LINEAR:
    case SPQR_N_SCALES:
    default:
      linear_ticks (axis, scale, wanted, format);
      break;
    }
  end_ticks (axis, scale, format);
}

void
spqr_axis_init_telling (SpqrAxis *axis, const SpqrScale *scale, size_t wanted, SpqrAxisFormat format)
{
  for (size_t most = 2 * wanted + 2; wanted < most; wanted++)
    {
      size_t labelled = 0;
      spqr_axis_init (axis, scale, wanted, format);
      for (size_t i = 0; i < axis->n; i++)
        labelled += axis->ticks[i].major;
      if (labelled > 1)
        return;
    }
}

double
spqr_axis_label_width (const SpqrAxis *axis, SpqrInk *ink)
{
  double widest = 0;
  for (size_t i = 0; i < axis->n; i++)
    if (axis->ticks[i].major)
      widest = MAX (widest, spqr_ink_width (ink, SPQR_TEXT_SMALL, axis->ticks[i].label));
  return widest;
}

void
spqr_axis_draw_below (const SpqrAxis *axis, SpqrInk *ink, const SpqrRect *r, bool grid)
{
  const SpqrTheme *t = ink->theme;
  /* What is taken by labels so far; ticks need not be in order. */
  double taken[SPQR_AXIS_MAX_TICKS][2];
  size_t n_taken = 0;
  for (size_t i = 0; i < axis->n; i++)
    {
      const SpqrTick *tick = &axis->ticks[i];
      double x = r->x + tick->position * r->width;
      if (!tick->major)
        {
          spqr_ink_vline (ink, &t->frame, MIN (x, r->x + r->width - 1), r->y + r->height, r->y + r->height + 3);
          continue;
        }
      if (grid)
        spqr_ink_vline (ink, &t->grid, MIN (x, r->x + r->width - 1), r->y, r->y + r->height);
      double w = spqr_ink_width (ink, SPQR_TEXT_SMALL, tick->label), x0 = x - w / 2 - 4, x1 = x + w / 2 + 4;
      bool free = true;
      for (size_t k = 0; k < n_taken; k++)
        free = free && (x1 <= taken[k][0] || x0 >= taken[k][1]);
      if (!free)
        continue;
      taken[n_taken][0] = x0;
      taken[n_taken++][1] = x1;
      spqr_ink_vline (ink, &t->frame, MIN (x, r->x + r->width - 1), r->y + r->height, r->y + r->height + 4);
      spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, tick->label, x, r->y + r->height + 6, 0.5, 0, 0);
    }
}

void
spqr_axis_draw_left (const SpqrAxis *axis, SpqrInk *ink, const SpqrRect *r, bool grid)
{
  const SpqrTheme *t = ink->theme;
  double height = spqr_ink_height (ink, SPQR_TEXT_SMALL), last = INFINITY;
  for (size_t i = 0; i < axis->n; i++)
    {
      const SpqrTick *tick = &axis->ticks[i];
      double y = MIN (r->y + r->height * (1 - tick->position), r->y + r->height - 1);
      if (!tick->major)
        continue;
      if (grid)
        spqr_ink_hline (ink, &t->grid, r->x, r->x + r->width, y);
      if (fabs (y - last) < height)
        continue;
      last = y;
      spqr_ink_text (ink, SPQR_TEXT_SMALL, &t->dim, tick->label, r->x - 8, y + 0.5, 1, 0.5, 0);
    }
}
