/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From settings to the block that the engine reads. Settings know how a value is written, the block
 * knows what the wire needs; this is the only place where one becomes the other. The block holds
 * the key and is wiped when it is freed.
 */

#include <string.h>

#include "config-build.h"

/* Before this a clock has never been set: 2024-01-01. */
#define PLAUSIBLE_TIME_SEC G_GINT64_CONSTANT(1704067200)

G_STATIC_ASSERT(sizeof(((InstanceConfig *)NULL)->name) == SETTINGS_NAME_MAX + 1);

/* AH numbers only ever grow. Where nothing is saved the clock gives a start above what an earlier
 * life can have sent: one advert a second on the average since 1970. */
static guint32 clock_seed(void)
{
	gint64 now = g_get_real_time() / G_USEC_PER_SEC;

	return now > PLAUSIBLE_TIME_SEC && now < G_MAXUINT32 ? (guint32)now : 0;
}

InstanceConfig *config_build(const Settings *settings, guint32 ah_saved)
{
	guint count = settings->addresses->len;
	InstanceConfig *config = g_malloc0(sizeof *config + count * sizeof config->addresses[0]);

	g_strlcpy(config->name, settings->name, sizeof config->name);
	g_strlcpy(config->interface, settings->interface, sizeof config->interface);
	config->family = (uint8_t)settings->family;
	config->vrid = settings->vrid;
	config->track_interface = settings->track_interface;
	/* The owner accepts always (RFC 9568 6.1). */
	config->no_accept = !settings->accept_mode && settings->priority != 255;
	config->unicast = settings->peers->len > 0;
	config->ttl = config->unicast ? settings->unicast_ttl : 255;
	/* A peer behind a router shows itself by the fault peer-ttl, which says to set
	 * UnicastMinTtl. */
	config->minimum_ttl = config->unicast && settings->unicast_minimum_ttl > 0
				      ? settings->unicast_minimum_ttl
				      : 255;
	config->parameters = (VrrpParameters){
		.version = settings->version,
		.priority = settings->priority,
		.missed_adverts = settings->missed_adverts,
		.announce_count = settings->announce_count,
		.preempt = settings->preempt,
		.address_count = count,
		.interval_nsec = settings->interval_usec * VRRP_NSEC_PER_USEC,
		.preempt_delay_nsec = settings->preempt_delay_usec * VRRP_NSEC_PER_USEC,
		.startup_delay_nsec = settings->startup_delay_usec * VRRP_NSEC_PER_USEC,
		.link_up_delay_nsec = settings->link_up_delay_usec * VRRP_NSEC_PER_USEC,
		.announce_refresh_nsec = settings->announce_refresh_usec * VRRP_NSEC_PER_USEC,
	};
	config->auth = settings->auth;
	memcpy(config->key, settings->key, sizeof config->key);
	config->checksum = settings->checksum;
	config->source = settings->source;
	config->group = settings->group;
	config->ah_saved = ah_saved;
	config->ah_seed = ah_saved == 0 ? clock_seed() : 0;
	config->peer_count = MIN(settings->peers->len, INSTANCE_PEERS_MAX);
	for (guint i = 0; i < config->peer_count; i++)
		config->peers[i] = g_array_index(settings->peers, VrrpAddress, i);
	config->advert_count = config->address_count = count;
	for (guint i = 0; i < count; i++)
		config->addresses[i] = g_array_index(settings->addresses, VrrpInterfaceAddress, i);
	return config;
}

void config_build_free(InstanceConfig *config)
{
	if (!config)
		return;
	explicit_bzero(config->key, sizeof config->key);
	g_free(config);
}
