/* spqr-session-waiting.h: jobs that waited when the program ended: kept as text, begun by a later sitting. */
#pragma once

#include "session/spqr-session.h"

/* What is to be kept of a job now, or NULL: one that has ended, one whose work keeps itself (a quantization that has
 * begun is a run that can be gone on with), and one whose result is for the open window alone. Borrowed. */
const char *spqr_job_get_request (SpqrJob *job);

/* Takes a kept job out of the database and queues it; "failed" tells when it cannot. */
void        spqr_session_start_waiting (SpqrSession *self, gint64 id);
/* Takes it out and forgets it. */
void        spqr_session_drop_waiting (SpqrSession *self, gint64 id);
