/* stored-file.h: taking stored layers apart and putting them together again, changed. */
#pragma once

#include <json-glib/json-glib.h>

#include "../model/fixtures.h"
#include "layers.h"
#include "pack/spqr-pack.h"

#define NAME "model.layers.0.mlp.down_proj.weight"

/* A stored layer taken apart into header object and data, changed, and put together again. With
 * `honest`, the checksum is made right again, so that what lies behind it is tested. */
typedef struct { JsonObject *header, *metadata; GByteArray *data; JsonParser *parser; } Taken;

static inline Taken
take_apart (const char *path)
{
  Taken taken;
  g_autofree char *text = NULL;
  gsize len = 0;
  guint64 n = 0;

  g_assert_true (g_file_get_contents (path, &text, &len, NULL));
  memcpy (&n, text, 8);
  taken.parser = json_parser_new ();
  g_assert_true (json_parser_load_from_data (taken.parser, text + 8, (gssize) n, NULL));
  taken.header = json_node_get_object (json_parser_get_root (taken.parser));
  taken.metadata = json_object_get_object_member (taken.header, "__metadata__");
  taken.data = g_byte_array_new ();
  g_byte_array_append (taken.data, (const guint8 *) text + 8 + n, (guint) (len - 8 - n));
  return taken;
}

static inline guint8 *
part_bytes (Taken *taken, const char *name, gsize *n)
{
  JsonArray *offsets = json_object_get_array_member (json_object_get_object_member (taken->header, name), "data_offsets");
  gint64 begin = json_array_get_int_element (offsets, 0);

  *n = (gsize) (json_array_get_int_element (offsets, 1) - begin);
  return taken->data->data + begin;
}

static inline void
sum_text (GChecksum *sum, const char *text)
{
  guint64 n = GUINT64_TO_LE ((guint64) strlen (text));

  g_checksum_update (sum, (const guchar *) &n, 8);
  g_checksum_update (sum, (const guchar *) text, (gssize) strlen (text));
}

static inline void
put_together (Taken *taken, const char *path, gboolean honest)
{
  g_autoptr(JsonGenerator) generator = json_generator_new ();
  g_autoptr(GChecksum) sum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char *text = NULL;
  g_autoptr(GByteArray) bytes = NULL;
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  if (honest)
    {
      sum_text (sum, json_object_get_string_member (taken->metadata, "tensor"));
      sum_text (sum, json_object_get_string_member (taken->metadata, "params"));
      json_object_iter_init_ordered (&iter, taken->header);
      while (json_object_iter_next_ordered (&iter, &name, &node))
        if (!g_str_equal (name, "__metadata__"))
          {
            gsize n = 0;
            const guint8 *part = part_bytes (taken, name, &n);
            guint64 little = GUINT64_TO_LE ((guint64) n);

            sum_text (sum, name);
            sum_text (sum, json_object_get_string_member (json_node_get_object (node), "dtype"));
            g_checksum_update (sum, (const guchar *) &little, 8);
            g_checksum_update (sum, part, (gssize) n);
          }
      json_object_set_string_member (taken->metadata, "sha256", g_checksum_get_string (sum));
    }
  json_generator_set_root (generator, json_parser_get_root (taken->parser));
  text = json_generator_to_data (generator, NULL);
  bytes = fixture_safetensors_bytes (text, 0);
  g_byte_array_append (bytes, taken->data->data, taken->data->len);
  g_assert_true (g_file_set_contents (path, (const char *) bytes->data, bytes->len, NULL));
  g_object_unref (taken->parser);
  g_byte_array_unref (taken->data);
}

static inline void
write_sample (const char *path)
{
  g_autoptr(GRand) rand = g_rand_new_with_seed (21);
  SpqrParams params = { .wbits = 3, .groupsize = 7, .perchannel = true, .qq_scale_bits = 3, .qq_groupsize = 4 };
  SpqrLayer layer = random_layer (rand, 9, 33, &params);

  g_assert_true (spqr_pack_write (path, NAME, &layer, NULL));
  spqr_layer_clear (&layer);
}
