/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The daemon's side of the system bus: connects, reconnects with back-off for as long as it takes,
 * owns org.vrrpd1, serves the objects. Nothing here ever waits for the bus, polkit, or the engine.
 */

#include "model.h"

typedef struct Bus Bus;

/* Starts connecting from the default main context. Works without a bus: it goes on trying. @model
 * must outlive the bus. */
Bus *bus_new(Model *model);
/* Flushes what is queued for at most @flush_usec, then closes. Accepts NULL, returns NULL. */
Bus *bus_free(Bus *bus, guint64 flush_usec);

/* After the instance is in the model: InterfacesAdded, InstanceAdded. */
void bus_instance_added(Bus *bus, ModelInstance *instance);
/* Before it leaves the model: InterfacesRemoved, InstanceRemoved; cancels its pending polkit
 * questions. */
void bus_instance_removed(Bus *bus, ModelInstance *instance);
/* Something of it changed (settings or status): compared with what was last announced, one
 * PropertiesChanged per turn. */
void bus_instance_changed(Bus *bus, ModelInstance *instance);
/* A transition; the model already holds the status right after it. Flushes PropertiesChanged of
 * this instance, then emits StateChanged. */
void bus_instance_transition(Bus *bus, ModelInstance *instance, VrrpState state, VrrpState old,
			     VrrpReason reason, guint64 number);
/* Another master was heard at @peer; @yielded: it wins. Emits PeerConflict. */
void bus_instance_conflict(Bus *bus, ModelInstance *instance, const VrrpAddress *peer,
			   gboolean yielded);
/* Somebody else deleted @address, which the instance holds; @restored: it is back. Emits
 * AddressLost. */
void bus_instance_address_lost(Bus *bus, ModelInstance *instance, const VrrpAddress *address,
			       gboolean restored);
/* A reload was applied: ConfigReloaded, ConfigErrors. */
void bus_config_reloaded(Bus *bus);
