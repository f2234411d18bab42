#include "pages/spqr-layer-readout.h"

#include <glib/gi18n.h>

#include "pages/spqr-layer-rulers.h"
#include "plot/spqr-format.h"

static const struct { const char *name, *help, *without; } fields[SPQR_N_LAYER_FIELDS] = {
  [SPQR_FIELD_WEIGHT] = { N_("Weight"), N_("The weights as the file has them: w"), NULL },
  [SPQR_FIELD_ABS_WEIGHT] = { N_("Weight magnitude"), N_("How large each weight is: |w|"), NULL },
  [SPQR_FIELD_SENSITIVITY] = { N_("Sensitivity"),
    N_("What rounding this one weight costs the layer's output, the others allowed to make up for it:\n"
       "s = (w − ŵ)² / (2 [H⁻¹]_jj), ŵ by plain rounding (SpQR, eq. 2). H comes from the calibration text.\n"
       "Below, τ stands at T / 2, T = τ mean (var W_:j / U_jj²): drag it. The outliers themselves are chosen by their\n"
       "leave-one-out gain, in groups whose statistics are quantized too."),
    N_("Without calibration every input counts the same (H = 1): the squared error of plain rounding,\n"
       "s = (w − ŵ)² (1 + damping) / 2. Calibrate to see which inputs the model really uses.\n"
       "Below, τ stands at T / 2, T = τ mean (var W_:j / U_jj²): drag it. The outliers themselves are chosen by their\n"
       "leave-one-out gain, in groups whose statistics are quantized too.") },
  [SPQR_FIELD_ERROR] = { N_("Quantization error"),
    N_("What is left after SpQR with the parameters at the right: w − ŵ, ŵ decoded from the stored layer"), NULL },
  [SPQR_N_FIELDS] = { N_("Difference to a run"),
    N_("Dequantized weights of the parameters at the right minus those that a run has stored: ŵ − ŵ of the run"), NULL },
  [SPQR_FIELD_LOO_GAIN] = { N_("Leave-one-out gain"),
    N_("How much a group's error falls when this weight is kept apart: E₀ − E_j.\n"
       "A weight whose gain exceeds T = τ mean (var W_:j / U_jj²) is an outlier candidate."), NULL },
  [SPQR_FIELD_OUTLIERS] = { N_("Outliers"), N_("Weights kept in 16 bits beside the codes"), NULL },
  [SPQR_FIELD_CODES] = { N_("Codes"), N_("The stored codes: 0 … 2^bits − 1"), NULL },
  [SPQR_FIELD_SCALES] = { N_("Scales"), N_("Scale of each weight's group, as decoding uses it: w = s (c − z)"), NULL },
  [SPQR_FIELD_ZEROS] = { N_("Zeros"), N_("Zero of each weight's group, as decoding uses it: w = s (c − z)"), NULL },
};

const char *
spqr_layer_field_name (SpqrField field)
{
  return (guint) field < SPQR_N_LAYER_FIELDS ? _(fields[field].name) : "";
}

const char *
spqr_layer_field_help (SpqrField field, gboolean calibrated)
{
  if ((guint) field >= SPQR_N_LAYER_FIELDS)
    return "";
  return !calibrated && fields[field].without != NULL ? _(fields[field].without) : _(fields[field].help);
}

static void G_GNUC_PRINTF (2, 3)
say (GString *text, const char *format, ...)
{
  va_list arguments;

  if (text->len > 0 && text->str[text->len - 1] != '\n')
    g_string_append (text, " · ");
  va_start (arguments, format);
  g_string_append_vprintf (text, format, arguments);
  va_end (arguments);
}

static void
say_value (GString *text, const char *name, double value)
{
  g_autofree char *number = spqr_format_value (value, 4);

  say (text, "%s %s", name, number);
}

static void
say_head (GString *text, SpqrTensor *tensor, const SpqrConfig *config, gsize row, gsize col)
{
  SpqrRulerSide side;
  gboolean rotary;
  gsize size = spqr_layer_head_size (tensor, config, &side, &rotary), at = side == SPQR_RULER_ROWS ? row : col;

  if (size == 0)
    return;
  if (rotary)
    say (text, _("head %zu, dimension %zu (turns with %zu)"), at / size, at % size, (at % size + size / 2) % size);
  else
    say (text, _("head %zu, dimension %zu"), at / size, at % size);
}

char *
spqr_layer_readout (SpqrLab *lab, const SpqrConfig *config, const SpqrLayerPicture *picture, const SpqrLayerAnswer *answer,
                    gsize row, gsize col)
{
  GString *text = g_string_new (NULL);
  gsize at = row * spqr_lab_get_cols (lab) + col;
  SpqrLayerCell cell = { 0 };

  if (spqr_lab_get_rows (lab) > 1)
    say (text, _("row %zu · column %zu"), row, col);
  else
    say (text, _("element %zu"), col);
  say_head (text, spqr_lab_get_tensor (lab), config, row, col);
  if (answer != NULL)
    {
      cell = spqr_layer_answer_get_cell (answer, row, col);
      /* The ruler counts groups of columns where they lie; those of a layer whose columns were reordered lie elsewhere. */
      say (text, answer->in_order ? _("group %zu") : _("group %zu of the column order"), cell.group);
      if (spqr_layer_has_tiles (&answer->params))
        say (text, _("statistics tile %zu"), row / (gsize) answer->params.qq_groupsize);
    }
  g_string_append_c (text, '\n');
  say_value (text, _("weight"), spqr_lab_get_weights (lab)[at]);
  if (answer != NULL && cell.outlier)
    say (text, "%s", _("outlier"));
  if (picture != NULL && picture->field != SPQR_FIELD_WEIGHT && picture->field != SPQR_FIELD_ABS_WEIGHT &&
      (picture->field < SPQR_FIELD_OUTLIERS || picture->field == SPQR_LAYER_FIELD_DIFFERENCE))
    say_value (text, picture->field == SPQR_LAYER_FIELD_DIFFERENCE ? _("difference") : spqr_layer_field_name (picture->field),
               picture->data->values[at]);
  if (answer != NULL)
    {
      say (text, _("code %u"), cell.code);
      say_value (text, _("scale"), cell.scale);
      say_value (text, _("zero"), cell.zero);
      say_value (text, _("decoded"), cell.decoded);
    }
  return g_string_free (text, FALSE);
}
