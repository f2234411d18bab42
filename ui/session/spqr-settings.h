/* spqr-settings.h: what is remembered of how somebody likes to work: one object for the whole program, whose
 * properties are the keys of the GSettings schema (data/studio.spqr.SpqrStudio.gschema.xml).
 *
 * Where no schema is installed, that of the build is used; where there is none either, everything works with the
 * schema's defaults and is forgotten at the end. Main thread only. */
#pragma once

#include <gio/gio.h>

#include "compute/spqr-backends.h"
#include "plot/spqr-colormap.h"

#define SPQR_TYPE_SETTINGS (spqr_settings_get_type ())
G_DECLARE_FINAL_TYPE (SpqrSettings, spqr_settings, SPQR, SETTINGS, GObject)

/* Of the process; not owned. */
SpqrSettings *spqr_settings_get_default (void);
/* Kept in the files of the desktop (or of GSETTINGS_BACKEND), or only as long as the program runs? */
gboolean      spqr_settings_are_kept (SpqrSettings *self);

int           spqr_settings_get_int (SpqrSettings *self, const char *name);
gboolean      spqr_settings_get_boolean (SpqrSettings *self, const char *name);
/* Empty rather than NULL. Borrowed until it changes. */
const char   *spqr_settings_get_string (SpqrSettings *self, const char *name);

/* The colours of a magnitude (never a diverging map): signal "notify::colormap". */
SpqrColormap  spqr_settings_get_colormap (SpqrSettings *self);
/* The map that stands for `habit`: a diverging one stays, the others give way to the setting. */
SpqrColormap  spqr_settings_choose_colormap (SpqrSettings *self, SpqrColormap habit);
/* Keeps the property "colormap" (guint) of a view of magnitudes at the setting. */
void          spqr_settings_bind_colormap (SpqrSettings *self, gpointer view);
/* Largest size of the kept Hessians, in bytes. */
guint64       spqr_settings_get_cache_limit (SpqrSettings *self);

/* The place of a splitter in pixels; -1: not known. */
int           spqr_settings_get_splitter (SpqrSettings *self, const char *name);
void          spqr_settings_set_splitter (SpqrSettings *self, const char *name, int position);

/* Locations of the models that were open at the end, in the order of the tabs; g_strfreev(). */
char        **spqr_settings_get_open_models (SpqrSettings *self);

/* The device that the setting "device" means: the best one where it is empty or cannot be used. Any thread. */
SpqrDevice   *spqr_settings_resolve_device (const char *id);
