/* A model of one layer, stored by two runs: at 4 and at 2 bits. */
#pragma once

#include "pack/spqr-pack.h"
#include "model/spqr-model.h"

#define COMPARE_TENSOR "model.layers.0.mlp.down_proj.weight"
enum { COMPARE_ROWS = 48, COMPARE_COLS = 64 };

typedef struct {
  char *folder, *model, *paths[3];
  char *fingerprint;
  float w[COMPARE_ROWS * COMPARE_COLS];
  SpqrLayer layers[2];       /* as stored at paths[0] and [1] */
} CompareFixture;

void compare_fixture_set_up (CompareFixture *f, gconstpointer user_data);
void compare_fixture_tear_down (CompareFixture *f, gconstpointer user_data);
