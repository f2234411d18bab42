/* spqr-application.h: the program with windows. */
#pragma once

#include <adwaita.h>

#define SPQR_TYPE_APPLICATION (spqr_application_get_type ())
G_DECLARE_FINAL_TYPE (SpqrApplication, spqr_application, SPQR, APPLICATION, AdwApplication)

SpqrApplication *spqr_application_new (void);
