/* spqr-folder-private.h: which files of a folder are the model. */
#pragma once

#include <gio/gio.h>

typedef struct {
  char *folder;            /* absolute */
  char *single;            /* base name, when a file was opened rather than the folder */
  GPtrArray *files;        /* base names of the weights files, sorted */
  GHashTable *weight_map;  /* tensor name -> base name, from the index; NULL without one */
  gboolean is_gguf;        /* the one file is a GGUF file */
  gboolean is_torch;       /* the files are PyTorch checkpoints */
} SpqrFolder;

/* path: a folder, a weights file, or a folder's config.json or index. */
SpqrFolder *spqr_folder_scan (const char *path, GError **error);
void        spqr_folder_free (SpqrFolder *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SpqrFolder, spqr_folder_free)

/* Base names of the files beside the weights, sorted. all FALSE: only those that are known to belong
 * to a model (for a weights file that was opened by itself, perhaps amid other things). */
char **spqr_folder_list_companions (const char *folder, gboolean all);
