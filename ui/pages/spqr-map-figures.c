#include "pages/spqr-map-figures.h"

#include <glib/gi18n.h>
#include <math.h>

#include "plot/spqr-format.h"

static double
of_stats (SpqrSession *session, SpqrTensor *tensor, gsize offset)
{
  const SpqrStats *stats = spqr_session_get_stats (session, tensor);

  return stats != NULL ? G_STRUCT_MEMBER (double, stats, offset) : NAN;
}

static double
of_figures (SpqrSession *session, SpqrTensor *tensor, gsize offset)
{
  const SpqrTensorFigures *figures = spqr_session_get_figures (session, tensor);

  return figures != NULL ? G_STRUCT_MEMBER (double, figures, offset) : NAN;
}

#define STATS(name, field) \
  static double name (SpqrSession *session, SpqrTensor *tensor) \
  { return of_stats (session, tensor, G_STRUCT_OFFSET (SpqrStats, field)); }
#define FIGURES(name, field) \
  static double name (SpqrSession *session, SpqrTensor *tensor) \
  { return of_figures (session, tensor, G_STRUCT_OFFSET (SpqrTensorFigures, field)); }

STATS (get_absmax, absmax)
STATS (get_std, std)
STATS (get_kurtosis, kurtosis)
STATS (get_outlier_share, outlier_share)
FIGURES (get_sensitivity_max, sensitivity_max)
FIGURES (get_sensitivity_mean, sensitivity_mean)
FIGURES (get_run_error, output_error)
FIGURES (get_run_outliers, outlier_share)
FIGURES (get_run_bits, bits)

static double
get_rtn_error (SpqrSession *session, SpqrTensor *tensor)
{
  return sqrt (of_stats (session, tensor, G_STRUCT_OFFSET (SpqrStats, rtn_error)));
}

static char *format_three (double value, double step) { return spqr_format_value_finely (value, 3, step); }

static const SpqrMapFigure figures[] = {
  { "rtn_error_3bit", N_("Rounding error (3 bit)"),
    N_("|W − RTN(W)| / |W| for plain 3-bit rounding in groups of 16. Needs no data; high means that few levels fit the weights badly."),
    SPQR_FIGURE_DATA_FREE, SPQR_SCALE_LINEAR, SPQR_AXIS_PERCENT, spqr_format_percent_finely, get_rtn_error },
  { "absmax", N_("Largest |weight|"), N_("The largest magnitude in the matrix. One large weight stretches the range of its whole group."),
    SPQR_FIGURE_DATA_FREE, SPQR_SCALE_LOG, SPQR_AXIS_NUMBER, format_three, get_absmax },
  { "kurtosis", N_("Kurtosis"), N_("Fourth moment over the squared variance: 3 for a normal distribution, more when a few weights stand far out."),
    SPQR_FIGURE_DATA_FREE, SPQR_SCALE_LOG, SPQR_AXIS_NUMBER, format_three, get_kurtosis },
  { "outlier_share_3sigma", N_("Outlier share (3 σ)"),
    /* xgettext:no-c-format */
    N_("Share of weights beyond three standard deviations of their row: a stand-in for SpQR's outliers that needs no data (0.27 % for a normal distribution)."),
    SPQR_FIGURE_DATA_FREE, SPQR_SCALE_LINEAR, SPQR_AXIS_PERCENT, spqr_format_percent_finely, get_outlier_share },
  { "std", N_("Standard deviation"), N_("How widely the weights spread."),
    SPQR_FIGURE_DATA_FREE, SPQR_SCALE_LOG, SPQR_AXIS_NUMBER, format_three, get_std },
  { "sensitivity_max", N_("Largest sensitivity"), N_("max of (w − ŵ)² / (2·[H⁻¹]ⱼⱼ): what rounding the most fragile weight would cost. Calibrated."),
    SPQR_FIGURE_CALIBRATED, SPQR_SCALE_LOG, SPQR_AXIS_NUMBER, format_three, get_sensitivity_max },
  { "sensitivity_mean", N_("Mean sensitivity"), N_("Mean of (w − ŵ)² / (2·[H⁻¹]ⱼⱼ) over the matrix: high means that rounding this layer changes what it gives much. Calibrated."),
    SPQR_FIGURE_CALIBRATED, SPQR_SCALE_LOG, SPQR_AXIS_NUMBER, format_three, get_sensitivity_mean },
  { "run_output_error", N_("Output error of a run"), N_("√(tr ΔW·H·ΔWᵀ / tr W·H·Wᵀ): by how much the layer's outputs changed in the shown run."),
    SPQR_FIGURE_OF_RUN, SPQR_SCALE_LINEAR, SPQR_AXIS_PERCENT, spqr_format_percent_finely, get_run_error },
  { "run_outlier_share", N_("Outliers of a run"), N_("Share of weights that the shown run kept in 16 bits."),
    SPQR_FIGURE_OF_RUN, SPQR_SCALE_LINEAR, SPQR_AXIS_PERCENT, spqr_format_percent_finely, get_run_outliers },
  { "run_bits", N_("Bits of a run"), N_("Bits per weight of the shown run, by the paper's formula."),
    SPQR_FIGURE_OF_RUN, SPQR_SCALE_LINEAR, SPQR_AXIS_NUMBER, format_three, get_run_bits },
};

const SpqrMapFigure *
spqr_map_figures (guint *n)
{
  *n = G_N_ELEMENTS (figures);
  return figures;
}
