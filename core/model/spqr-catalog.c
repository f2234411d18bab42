/* spqr-catalog.c: from tensor names to roles and blocks. */
#include "model/spqr-catalog-private.h"

#include <string.h>

/* Whether stem fits the template, where "*" stands for digits. *block is set to them. */
static gboolean
fits (const char *template, const char *stem, gsize stem_len, int *block)
{
  const char *star = strchr (template, '*');
  const char *end = stem + stem_len;
  gsize head = star != NULL ? (gsize) (star - template) : strlen (template);
  guint64 number = 0;

  if (stem_len < head || memcmp (template, stem, head) != 0)
    return FALSE;
  stem += head;
  if (star == NULL)
    {
      *block = -1;
      return stem == end;
    }
  if (stem == end || !g_ascii_isdigit (*stem))
    return FALSE;
  while (stem < end && g_ascii_isdigit (*stem) && number <= G_MAXINT32)
    number = number * 10 + (guint64) (*stem++ - '0');
  if (number > G_MAXINT32 || strlen (star + 1) != (gsize) (end - stem) || memcmp (star + 1, stem, (gsize) (end - stem)) != 0)
    return FALSE;
  *block = (int) number;
  return TRUE;
}

static gboolean
place_in_family (const char *stem, gsize len, const SpqrFamily *family, SpqrPlace *place)
{
  gsize prefix = strlen (family->prefix);

  if (len > prefix && memcmp (stem, family->prefix, prefix) == 0)
    {
      stem += prefix;
      len -= prefix;
    }
  for (const SpqrNameTemplate *t = family->names; t->stem != NULL; t++)
    if (fits (t->stem, stem, len, &place->block))
      {
        place->role = t->role;
        return TRUE;
      }
  return FALSE;
}

/* The block of a tensor without a role ("model.layers.3.self_attn.rotary_emb.inv_freq"). */
static int
find_block (const char *name)
{
  static const char *const words[] = { "layers.", "h.", "blocks.", "blk." };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    for (const char *at = strstr (name, words[i]); at != NULL; at = strstr (at + 1, words[i]))
      {
        const char *digits = at + strlen (words[i]);
        char *end = NULL;
        guint64 number;

        if ((at > name && at[-1] != '.') || !g_ascii_isdigit (*digits))
          continue;
        number = g_ascii_strtoull (digits, &end, 10);
        if (*end == '.' && number <= G_MAXINT32)
          return (int) number;
      }
  return -1;
}

SpqrPlace
spqr_catalog_place (const char *name, const SpqrFamily *family, int n_blocks)
{
  SpqrPlace place = { .role = SPQR_ROLE_OTHER, .block = -1 };
  gsize len = strlen (name);
  gboolean found = FALSE;

  place.is_bias = g_str_has_suffix (name, ".bias");
  if (place.is_bias || g_str_has_suffix (name, ".weight"))
    {
      gsize stem = len - (place.is_bias ? strlen (".bias") : strlen (".weight"));

      if (family != NULL)
        found = place_in_family (name, stem, family, &place);
      for (guint i = 0; family == NULL && !found && i < spqr_n_families; i++)
        found = place_in_family (name, stem, &spqr_families[i], &place);
    }
  if (found && (n_blocks <= 0 || place.block < n_blocks))
    return place;
  place.role = SPQR_ROLE_OTHER;
  place.block = find_block (name);
  if (n_blocks > 0 && place.block >= n_blocks)
    place.block = -1;
  return place;
}

static int
section (SpqrTensor *tensor)
{
  SpqrRole role = spqr_tensor_get_role (tensor);

  if (role == SPQR_ROLE_EMBEDDING || role == SPQR_ROLE_POSITION_EMBEDDING || role == SPQR_ROLE_PROJECT_IN)
    return 0;
  if (spqr_tensor_get_block (tensor) >= 0)
    return 1;
  if (role == SPQR_ROLE_FINAL_NORM)
    return 2;
  if (role == SPQR_ROLE_PROJECT_OUT)
    return 3;
  return role == SPQR_ROLE_HEAD ? 4 : 5;
}

static int
network_order (SpqrRole role)
{
  return role == SPQR_ROLE_OTHER ? SPQR_N_ROLES : (int) role;
}

int
spqr_catalog_compare (gconstpointer a, gconstpointer b)
{
  SpqrTensor *x = *(SpqrTensor *const *) a, *y = *(SpqrTensor *const *) b;
  int order = section (x) - section (y);

  if (order == 0)
    order = (spqr_tensor_get_block (x) > spqr_tensor_get_block (y))
            - (spqr_tensor_get_block (x) < spqr_tensor_get_block (y));
  if (order == 0)
    order = network_order (spqr_tensor_get_role (x)) - network_order (spqr_tensor_get_role (y));
  if (order == 0)
    order = spqr_tensor_is_bias (x) - spqr_tensor_is_bias (y);
  return order != 0 ? order : strcmp (spqr_tensor_get_name (x), spqr_tensor_get_name (y));
}
