/* spqr-map-layers.h: which layers of a model stand on its map: blocks × roles. */
#pragma once

#include "model/spqr-model.h"
#include "pages/spqr-map-figures.h"

typedef struct {
  SpqrModel *model;          /* borrowed; NULL: none */
  SpqrRole *roles;           /* (n_roles) those that some block has, in the order in which the network uses them */
  guint n_roles, n_blocks;
  GPtrArray *tensors;        /* of SpqrTensor: the layers in the network's order, blocks first */
} SpqrMapLayers;

/* layers: zeroed, or filled before. */
void         spqr_map_layers_find (SpqrMapLayers *layers, SpqrModel *model);
void         spqr_map_layers_clear (SpqrMapLayers *layers);

/* Whether a tensor has a place on any map. */
gboolean     spqr_map_layers_take (SpqrTensor *tensor);
/* The tensor's place among the roles, or -1. */
gint64       spqr_map_layers_role (const SpqrMapLayers *layers, SpqrTensor *tensor);
/* NULL: no such layer. */
SpqrTensor  *spqr_map_layers_at (const SpqrMapLayers *layers, gint64 block, gint64 role);
/* (n_roles), then NULL; g_free(). */
const char **spqr_map_layers_role_names (const SpqrMapLayers *layers);
/* A figure of every tensor; NAN: not known. any: some are. g_free(). */
double      *spqr_map_layers_values (const SpqrMapLayers *layers, SpqrSession *session, const SpqrMapFigure *figure, gboolean *any);
/* Those values as (n_blocks, n_roles), NAN where there is no layer. g_free(). */
double      *spqr_map_layers_cells (const SpqrMapLayers *layers, const double *values);
