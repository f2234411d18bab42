/* spqr-device-keeper.h: memory of a device that somebody keeps because it may be needed again, and gives back as soon as
 * somebody else needs it now. It counts as free (spqr_device_get_memory()). Any thread. */
#pragma once

#include "compute/spqr-backends.h"

typedef struct _SpqrDeviceKeeper SpqrDeviceKeeper;

/* give_back comes in the middle of another operation of the device, from its thread: it must not wait for anything, closes with
 * the functions below alone, and then calls spqr_device_keeper_set(). It leaves alone what is in use. */
SpqrDeviceKeeper *spqr_device_keeper_new (void (*give_back) (gpointer data), gpointer data);
/* Returns when give_back is not running and will not again. Not from give_back, nor with a lock that it takes. */
void              spqr_device_keeper_free (SpqrDeviceKeeper *keeper);
/* What is kept now. bytes 0: nothing, on no device. */
void              spqr_device_keeper_set (SpqrDeviceKeeper *keeper, SpqrDevice *device, gsize bytes);

void              spqr_device_give_matrix_back (SpqrDevice *device, gpointer matrix);
void              spqr_device_give_input_back (SpqrDevice *device, gpointer input);

/* Of the device's GPU, by all keepers. */
gsize             spqr_device_get_kept (SpqrDevice *device);
