/* spqr-save-picture.h: "Save Picture…": how large, light or dark, with which words, and where. */
#pragma once

#include "chart/spqr-chart.h"

G_BEGIN_DECLS

/* A window over the chart's; ends in the chart's signal "saved", or stays and says why it could not. */
GtkWidget *spqr_save_picture_new (SpqrChart *chart);

G_END_DECLS
