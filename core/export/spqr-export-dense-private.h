/* What tests of spqr-export-dense.c see. */
#pragma once

#include "export/spqr-export-dense.h"

/* A new shard begins where the last would become larger; loaders read 5 GiB comfortably. */
extern guint64 _spqr_export_shard_bytes;
