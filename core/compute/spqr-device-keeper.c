#include "compute/spqr-device-keeper.h"

#include "compute/spqr-device-private.h"

struct _SpqrDeviceKeeper {
  void (*give_back) (gpointer data);
  gpointer data;
  SpqrDevice *device;           /* both atomic */
  gsize bytes;
};

static GMutex lock;             /* over the list, and while somebody gives back */
static GPtrArray *keepers;

SpqrDeviceKeeper *
spqr_device_keeper_new (void (*give_back) (gpointer data), gpointer data)
{
  SpqrDeviceKeeper *keeper = g_new0 (SpqrDeviceKeeper, 1);

  keeper->give_back = give_back;
  keeper->data = data;
  g_mutex_lock (&lock);
  if (keepers == NULL)
    keepers = g_ptr_array_new ();
  g_ptr_array_add (keepers, keeper);
  g_mutex_unlock (&lock);
  return keeper;
}

void
spqr_device_keeper_free (SpqrDeviceKeeper *keeper)
{
  if (keeper == NULL)
    return;
  g_mutex_lock (&lock);
  g_ptr_array_remove (keepers, keeper);
  if (keepers->len == 0)
    g_clear_pointer (&keepers, g_ptr_array_unref);
  g_mutex_unlock (&lock);
  g_free (keeper);
}

void
spqr_device_keeper_set (SpqrDeviceKeeper *keeper, SpqrDevice *device, gsize bytes)
{
  g_atomic_pointer_set (&keeper->device, bytes != 0 ? device : NULL);
  g_atomic_pointer_set (&keeper->bytes, bytes);
}

/* 0 where nothing is kept on the device's GPU. */
static gsize
kept_on (SpqrDeviceKeeper *keeper, SpqrDevice *device)
{
  SpqrDevice *on = g_atomic_pointer_get (&keeper->device);

  return on != NULL && spqr_device_is_same (on, device) ? (gsize) g_atomic_pointer_get (&keeper->bytes) : 0;
}

gsize
spqr_device_get_kept (SpqrDevice *device)
{
  gsize bytes = 0;

  g_mutex_lock (&lock);
  for (guint i = 0; keepers != NULL && i < keepers->len; i++)
    bytes += kept_on (keepers->pdata[i], device);
  g_mutex_unlock (&lock);
  return bytes;
}

void
_spqr_device_reclaim (void *data)
{
  g_mutex_lock (&lock);
  for (guint i = 0; keepers != NULL && i < keepers->len; i++)
    {
      SpqrDeviceKeeper *keeper = keepers->pdata[i];

      if (kept_on (keeper, data) != 0)
        keeper->give_back (keeper->data);
    }
  g_mutex_unlock (&lock);
}

/* Without the device's lock: the operation in whose middle this happens has it. */
void
spqr_device_give_matrix_back (SpqrDevice *device, gpointer matrix)
{
  if (matrix != NULL)
    device->backend->ops->block->matrix_close (device->handle, matrix);
}

void
spqr_device_give_input_back (SpqrDevice *device, gpointer input)
{
  if (input != NULL)
    device->backend->ops->block->input_close (device->handle, input);
}
