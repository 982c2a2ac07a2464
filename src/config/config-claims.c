/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Claims are compared as text: the same text that the loser's message begins with. Who comes first
 * wins, so the order in which the caller takes is the rule.
 */

#include "config-claims.h"
#include "values.h"

struct ConfigClaims {
	GHashTable *owners; /* text -> name of the instance */
};

typedef struct Claim {
	char *text;
	gboolean of_vrid;
} Claim;

static void claim_free(gpointer data)
{
	Claim *claim = data;

	g_free(claim->text);
	g_free(claim);
}

static void add_claim(GPtrArray *wanted, gboolean of_vrid, char *text)
{
	Claim *claim = g_new0(Claim, 1);

	claim->text = text;
	claim->of_vrid = of_vrid;
	g_ptr_array_add(wanted, claim);
}

static void add_address(GPtrArray *wanted, const Settings *settings,
			const VrrpInterfaceAddress *address)
{
	g_autofree char *text = value_format_address(&address->address);
	const char *device = address->device[0] ? address->device : settings->interface;

	add_claim(
		wanted, FALSE,
		g_strdup_printf("VirtualAddresses: %s on %s is already an address of the instance",
				text, device[0] ? device : "any interface"));
}

static GPtrArray *claims_of(const Settings *settings)
{
	GPtrArray *wanted = g_ptr_array_new_with_free_func(claim_free);

	add_claim(wanted, TRUE,
		  g_strdup_printf("VirtualRouterId: VRID %u for %s on %s is already the instance",
				  settings->vrid, vrrp_family_to_string(settings->family),
				  settings->interface[0] ? settings->interface : "any interface"));
	for (guint i = 0; i < settings->peers->len; i++) {
		g_autofree char *peer =
			value_format_address(&g_array_index(settings->peers, VrrpAddress, i));

		add_claim(
			wanted, TRUE,
			g_strdup_printf("VirtualRouterId: VRID %u with the peer %s is already the "
					"instance",
					settings->vrid, peer));
	}
	for (guint i = 0; i < settings->addresses->len; i++)
		add_address(wanted, settings,
			    &g_array_index(settings->addresses, VrrpInterfaceAddress, i));
	return wanted;
}

ConfigClaims *config_claims_new(void)
{
	ConfigClaims *claims = g_new0(ConfigClaims, 1);

	claims->owners = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	return claims;
}

void config_claims_free(ConfigClaims *claims)
{
	if (!claims)
		return;
	g_hash_table_unref(claims->owners);
	g_free(claims);
}

gboolean config_claims_take(ConfigClaims *claims, const Settings *settings, gboolean *ret_of_vrid,
			    char **ret_why)
{
	g_autoptr(GPtrArray) wanted = claims_of(settings);

	for (guint i = 0; i < wanted->len; i++) {
		const Claim *claim = wanted->pdata[i];
		const char *owner = g_hash_table_lookup(claims->owners, claim->text);

		if (!owner)
			continue;
		*ret_why = g_strdup_printf("%s %s", claim->text, owner);
		if (ret_of_vrid)
			*ret_of_vrid = claim->of_vrid;
		return FALSE;
	}
	for (guint i = 0; i < wanted->len; i++) {
		Claim *claim = wanted->pdata[i];

		g_hash_table_insert(claims->owners, g_steal_pointer(&claim->text), settings->name);
	}
	return TRUE;
}
