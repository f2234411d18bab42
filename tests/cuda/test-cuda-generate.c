/* A text continued word by word on the device, keys and values and all: the ids are those of the CPU; where memory is short
 * for some of the blocks, at any allocation, in the middle of the text; when the device fails in the middle for good; a stop. */
#include <string.h>

#include "cuda-fixture.h"
#include "net/spqr-generate.h"
#include "net/spqr-net-device.h"
#include "oracle.h"

#define PROMPT ((gsize) 5)
#define NEW ((gsize) 24)

static SpqrDevice *device;
static SpqrCudaShim *shim;      /* NULL: a real GPU */

/* Up to the end of the model's context. */
static gsize
new_ids (const Oracle *oracle)
{
  return MIN (NEW, (gsize) spqr_net_get_config (oracle->net)->context - PROMPT);
}

/* The ids, and how many blocks did it there. */
static gint32 *
continue_text (Oracle *oracle, guint *there)
{
  SpqrGenerateOptions options = { .max_tokens = NEW, .stop_id = -1, .blocks_there = there };
  g_autoptr (GError) error = NULL;
  gint32 *ids;
  gsize n;

  ids = spqr_generate (oracle->net, oracle->ids, PROMPT, &options, NULL, NULL, NULL, &n, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, new_ids (oracle));
  return ids;
}

static void
test_generate (gconstpointer name)
{
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_auto (Oracle) oracle = { NULL };
  g_autofree gint32 *here = NULL, *there = NULL;
  guint blocks, n;

  oracle_open (&oracle, name, NULL);
  n = (guint) spqr_net_get_config (oracle.net)->n_blocks;
  here = continue_text (&oracle, &blocks);
  g_assert_cmpuint (blocks, ==, 0);
  spqr_net_set_device (oracle.net, device, cuda_take_note, notes);
  there = continue_text (&oracle, &blocks);
  g_assert_cmpmem (there, new_ids (&oracle) * sizeof *there, here, new_ids (&oracle) * sizeof *here);
  g_assert_cmpuint (blocks, ==, (strstr (name, "alibi") != NULL) ? 0 : n);
  for (guint i = 0; i < notes->len; i++)
    {
      g_test_message ("%s", (char *) notes->pdata[i]);
      g_assert_true (strstr (name, "alibi") != NULL || strstr (notes->pdata[i], "predictions") != NULL);
    }
}

/* Too little memory for some of the blocks, or at the n-th allocation, in the middle of the text too. */
static void
test_generate_memory (void)
{
  g_autofree gint32 *here = NULL;
  gboolean some = FALSE;
  guint blocks = 0, n = 1;

  if (shim == NULL)
    {
      g_test_skip ("a GPU has the memory that it has");
      return;
    }
  for (gsize memory = (gsize) 64 << 20; blocks < n; memory += 4 << 10)
    {
      g_auto (Oracle) oracle = { NULL };
      g_autofree gint32 *there = NULL;

      oracle_open (&oracle, "llama", NULL);
      n = (guint) spqr_net_get_config (oracle.net)->n_blocks;
      if (here == NULL)
        here = continue_text (&oracle, &blocks);
      cuda_forget_spare_memory (device, shim);
      shim->memory = memory;
      spqr_net_set_device (oracle.net, device, NULL, NULL);
      there = continue_text (&oracle, &blocks);
      g_assert_cmpmem (there, new_ids (&oracle) * sizeof *there, here, new_ids (&oracle) * sizeof *here);
      some = some || (blocks > 0 && blocks < n);
    }
  shim->memory = 0;
  g_assert_true (some);
  for (int at = 1;; at++)
    {
      g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
      g_auto (Oracle) oracle = { NULL };
      g_autofree gint32 *there = NULL;
      gboolean felt;

      oracle_open (&oracle, "llama", NULL);
      cuda_forget_spare_memory (device, shim);
      shim->fail_alloc_at = at;
      spqr_net_set_device (oracle.net, device, cuda_take_note, notes);
      there = continue_text (&oracle, &blocks);
      felt = shim->fail_alloc_at == 0;
      shim->fail_alloc_at = 0;
      g_assert_cmpmem (there, new_ids (&oracle) * sizeof *there, here, new_ids (&oracle) * sizeof *here);
      g_assert_true (notes->len > 0 || blocks == n);
      if (!felt)
        {
          g_test_message ("%d allocations", at - 1);
          g_assert_cmpint (at, >, 30);
          break;
        }
    }
  g_assert_true (spqr_device_is_usable (device));
}

/* Stopped behind the third id, or before the first. */
static gboolean
stop_at_third (gint32 id, gpointer data)
{
  guint *count = data;

  if (++*count == 3)
    g_cancellable_cancel (g_cancellable_get_current ());
  return TRUE;
}

static void
test_stop (void)
{
  g_auto (Oracle) oracle = { NULL };

  oracle_open (&oracle, "llama", NULL);
  spqr_net_set_device (oracle.net, device, NULL, NULL);
  for (guint late = 0; late < 2; late++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      SpqrGenerateOptions options = { .max_tokens = NEW, .stop_id = -1 };
      g_autoptr (GError) error = NULL;
      guint count = 0;
      gsize n;

      g_cancellable_push_current (cancellable);
      if (!late)
        g_cancellable_cancel (cancellable);
      g_assert_null (spqr_generate (oracle.net, oracle.ids, PROMPT, &options, stop_at_third, &count, cancellable, &n, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_assert_cmpuint (count, ==, late ? 3 : 0);
      g_cancellable_pop_current (cancellable);
    }
}

/* Last: each time a later launch fails for good. The text so far goes in again, here. */
static void
test_failure (void)
{
  g_auto (Oracle) oracle = { NULL };
  g_autoptr (GPtrArray) notes = g_ptr_array_new_with_free_func (g_free);
  g_autofree gint32 *here = NULL, *there = NULL;
  guint blocks;

  if (shim == NULL)
    {
      g_test_skip ("a GPU does not fail to order");
      return;
    }
  oracle_open (&oracle, "llama", NULL);
  here = continue_text (&oracle, &blocks);
  spqr_net_set_device (oracle.net, device, cuda_take_note, notes);
  shim->fail_launch_at = 300;
  there = continue_text (&oracle, &blocks);
  g_assert_cmpint (shim->fail_launch_at, ==, 0);
  g_assert_cmpmem (there, new_ids (&oracle) * sizeof *there, here, new_ids (&oracle) * sizeof *here);
  g_assert_cmpuint (blocks, ==, 0);
  g_assert_false (spqr_device_is_usable (device));
  g_assert_cmpuint (notes->len, >, 0);
  shim->failed = 0;
}

int
main (int argc, char *argv[])
{
  g_auto (GStrv) names = NULL;

  g_test_init (&argc, &argv, NULL);
  device = cuda_registry_device (&shim);
  if (device == NULL)
    return 0;
  names = oracle_list ();
  for (char **name = names; *name != NULL; name++)
    {
      g_autofree char *path = g_strdup_printf ("/cuda/generate/%s", *name);

      g_test_add_data_func (path, *name, test_generate);
    }
  g_test_add_func ("/cuda/generate/memory", test_generate_memory);
  g_test_add_func ("/cuda/generate/stop", test_stop);
  g_test_add_func ("/cuda/after/failure", test_failure);
  return g_test_run ();
}
