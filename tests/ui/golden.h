/* golden.h: compares a drawn picture with the one kept beside the tests. */
#pragma once

#include <glib.h>

#include "plot/spqr-theme.h"

typedef void (*GoldenDraw) (cairo_t *cr, const SpqrTheme *theme, double width, double height, gconstpointer data);

/* Draws at scale 1 and compares with tests/ui/golden/NAME.png. Always writes NAME.out.png into the
 * build folder, on a difference NAME.diff.png too (ten times enlarged), and fails the test: when the
 * sizes differ, more than 0.3 of 255 in the mean, or more than 0.4 % of the pixels by over 48. With
 * SPQR_UPDATE_GOLDEN set it replaces the kept picture instead. */
void golden_check (const char *name, int width, int height, SpqrThemeKind theme, GoldenDraw draw, gconstpointer data);

/* False, with a skip said, where the font the pictures were made with is absent. */
bool golden_font_available (void);
