/* spqr-map-figures.h: what the map can show of a tensor. */
#pragma once

#include "plot/spqr-axis.h"
#include "plot/spqr-scale.h"
#include "session/spqr-session.h"

typedef enum { SPQR_FIGURE_DATA_FREE, SPQR_FIGURE_CALIBRATED, SPQR_FIGURE_OF_RUN } SpqrFigureSource;

typedef struct {
  const char *key;           /* the column of a saved table */
  const char *name;          /* N_() */
  const char *explanation;   /* N_(): formula and how to read it */
  SpqrFigureSource source;
  SpqrScaleKind scale;
  SpqrAxisFormat axis;
  char *(*format) (double value, double step);   /* so exactly that a step can be seen */
  double (*get) (SpqrSession *session, SpqrTensor *tensor);   /* NAN: not known */
} SpqrMapFigure;

const SpqrMapFigure *spqr_map_figures (guint *n);
