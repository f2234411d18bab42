/* spqr-translations.h: where the programs' texts in other languages are. */
#pragma once

/* First of all in main(): the locale, and the translations that are installed, or those of the build folder
 * for a program that is run from there; $SPQR_LOCALE_DIR where that is set. */
void spqr_translations_bind (void);
