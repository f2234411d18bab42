/* spqr-device-private.h: what spqr-backends.c and spqr-backend-run.c share. */
#pragma once

#include <pthread.h>

#include "compute/spqr-backends.h"

struct _SpqrDevice {
  const SpqrBackend *backend;
  void *handle;                 /* what open() gave */
  char *id, *name;
  gsize index;                  /* of the backend's devices */
  SpqrDevice *first;            /* of a lane: the device it is a lane of; else NULL */
  int score;
  int failed;                   /* atomic; sticky */
  pthread_mutex_t lock;         /* around every call of a plugin's slot; the CPU's go without */
};

/* NULL and *problem (owned sentence) when it cannot be opened. */
SpqrDevice *_spqr_device_open (const SpqrBackend *backend, gsize index, int score, char **problem);
void        _spqr_device_set_failed (SpqrDevice *device);
/* What others keep on the GPU of this SpqrDevice is given back (spqr-device-keeper.h). */
void        _spqr_device_reclaim (void *device);
