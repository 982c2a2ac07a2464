/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Tables of words. The severity is decided by one question: with this directive gone, can another
 * router be master than would be with keepalived? A longest-name-first order is not needed, since a
 * '*' is only used where nothing else fits.
 */

#include <string.h>

#include "keepalived-words.h"

#define NOTE     KEEPALIVED_NOTE
#define DROPPED  KEEPALIVED_DROPPED
#define ELECTION KEEPALIVED_ELECTION

static const char no_scripts[] =
	"not carried over: there are no notify scripts; listen to StateChanged on the bus";
static const char no_mail[] = "not carried over: there is no mail";
static const char no_lvs[] = "not carried over: load balancing is not part of vrrpd";
static const char no_snmp[] = "not carried over: there is no SNMP agent";
static const char own_announcements[] =
	"not carried over: announcements follow a schedule of their own (AnnounceCount)";
static const char own_process[] =
	"not needed: scheduling and memory are settings of the service unit";
static const char own_buffers[] = "not needed: buffers are sized by the daemon";
static const char not_tracked[] = "not carried over: tracking is not supported yet";
static const char no_virtual_mac[] =
	"not carried over: virtual MAC addresses are not supported yet";
static const char no_delay[] =
	"not carried over: set StartupDelay or LinkUpDelay of the instances instead";
static const char no_hmac[] =
	"not carried over: this authentication is not known here, and routers that use it will not "
	"accept ours";
static const char always_checked[] = "not needed: only listed peers are ever accepted";
static const char list_never_matters[] =
	"not needed: an advert is never dropped for its address list";

static const KeepalivedWord file_words[] = {
	{ "vrrp_sync_group", ELECTION, "not carried over: sync groups are not supported yet" },
	{ "vrrp_script", NOTE,
	  "not carried over: tracking is not supported yet; what uses it is reported there" },
	{ "vrrp_track_process", NOTE,
	  "not carried over: tracking is not supported yet; what uses it is reported there" },
	{ "track_file", NOTE,
	  "not carried over: tracking is not supported yet; what uses it is reported there" },
	{ "vrrp_track_file", NOTE,
	  "not carried over: tracking is not supported yet; what uses it is reported there" },
	{ "track_group", NOTE, "not carried over: it belongs to static addresses" },
	{ "static_*", DROPPED,
	  "not carried over: configure what never moves with the host's network tools" },
	{ "bfd_instance", NOTE,
	  "not carried over: there is no BFD; what uses it is reported there" },
	{ "garp_group", DROPPED, own_announcements },
	{ "interface_up_down_delays", ELECTION, no_delay },
	{ "linkbeat_*", DROPPED, "not carried over: link states come from the kernel" },
	{ "virtual_server*", DROPPED, no_lvs },
	{ "net_namespace*", DROPPED,
	  "not carried over: start the daemon in the network namespace" },
	{ "namespace_with_ipsets", NOTE, "not needed" },
	{ "instance", NOTE, "not needed" },
	{ "use_pid_dir", NOTE, "not needed: there are no pid files" },
	{ "child_wait_time", NOTE, "not needed" },
	{ "include*", ELECTION, "not read: give the included file to the import by itself" },
};

static const KeepalivedWord global_words[] = {
	{ "router_id", NOTE, "not needed" },
	{ "enable_script_security", NOTE, "not needed: the daemon runs no scripts" },
	{ "script_user", NOTE, "not needed: the daemon runs no scripts" },
	{ "dynamic_interfaces", NOTE, "not needed: an interface may always be missing" },
	{ "default_interface", NOTE, "not needed: it is for static addresses" },
	{ "vrrp_check_unicast_src", NOTE, always_checked },
	{ "vrrp_skip_check_adv_addr", NOTE, list_never_matters },
	{ "vrrp_owner_ignore_adverts", NOTE, "not needed: the owner never gives way" },
	{ "vrrp_delay_after_boot", ELECTION, no_delay },
	{ "vrrp_strict", DROPPED, "not carried over: vrrpd has no such mode" },
	{ "vrrp_lower_prio_no_advert", DROPPED,
	  "not carried over: a lower priority is answered as the RFC says" },
	{ "vrrp_higher_prio_send_advert", DROPPED,
	  "not carried over: a higher priority is answered as the RFC says" },
	{ "vrrp_garp_*", DROPPED, own_announcements },
	{ "vrrp_gna_interval", DROPPED, own_announcements },
	{ "vrrp_min_garp", DROPPED, own_announcements },
	{ "vrrp_notify_fifo*", DROPPED, no_scripts },
	{ "vrrp_notify_priority_changes", DROPPED, no_scripts },
	{ "notify_fifo*", DROPPED, no_scripts },
	{ "fifo_write_vrrp_states_on_reload", DROPPED, no_scripts },
	{ "startup_script*", DROPPED, "not carried over: use ExecStartPre= in the service unit" },
	{ "shutdown_script*", DROPPED, "not carried over: use ExecStopPost= in the service unit" },
	{ "notification_email*", DROPPED, no_mail },
	{ "smtp_*", DROPPED, no_mail },
	{ "no_email_faults", NOTE, "not needed: there is no mail" },
	{ "enable_snmp_*", DROPPED, no_snmp },
	{ "enable_traps", DROPPED, no_snmp },
	{ "snmp_socket", NOTE, no_snmp },
	{ "enable_dbus", NOTE,
	  "not needed: vrrpd is always on the bus, with an interface of its own" },
	{ "dbus_*", NOTE, "not needed: vrrpd is always on the bus, with an interface of its own" },
	{ "vrrp_priority", NOTE, own_process },
	{ "vrrp_rt_priority", NOTE, own_process },
	{ "vrrp_rlimit_rttime", NOTE, own_process },
	{ "vrrp_no_swap", NOTE, own_process },
	{ "vrrp_cpu_affinity", NOTE, own_process },
	{ "max_auto_priority", NOTE, own_process },
	{ "min_auto_priority_delay", NOTE, own_process },
	{ "vrrp_netlink_*", NOTE, own_buffers },
	{ "vrrp_rx_bufs_*", NOTE, own_buffers },
	{ "process_monitor_*", NOTE, own_buffers },
	{ "vrrp_process_name", NOTE, "not needed" },
	{ "process_name*", NOTE, "not needed" },
	{ "checker_*", NOTE, no_lvs },
	{ "bfd_*", NOTE, "not needed: there is no BFD" },
	{ "lvs_*", DROPPED, no_lvs },
	{ "reload_*", NOTE,
	  "not needed: a reload always checks first and keeps what it cannot read" },
	{ "config_save_dir", NOTE, "not needed" },
	{ "tmp_config_directory", NOTE, "not needed" },
	{ "include_check", NOTE, "not needed" },
	{ "json_version", NOTE, "not needed: vrrpctl prints JSON" },
	{ "*_dump_file", NOTE, "not needed: vrrpctl prints JSON" },
	{ "data_use_instance", NOTE, "not needed" },
	{ "umask", NOTE, "not needed" },
	{ "random_seed", NOTE, "not needed" },
	{ "log_unknown_vrids", NOTE, "not needed: unknown VRIDs are counted" },
	{ "nftables*", NOTE, "not needed: the firewall is not touched" },
	{ "vrrp_iptables", NOTE, "not needed: the firewall is not touched" },
	{ "vrrp_ipsets", NOTE, "not needed: the firewall is not touched" },
	{ "disable_local_igmp", DROPPED, "not carried over" },
	{ "vmac_*", DROPPED, no_virtual_mac },
	{ "linkbeat_use_polling", DROPPED, "not carried over: link states come from the kernel" },
	{ "include*", ELECTION, "not read: give the included file to the import by itself" },
};

static const KeepalivedWord instance_words[] = {
	{ "track_interface", ELECTION, not_tracked },
	{ "track_script", ELECTION, not_tracked },
	{ "track_file", ELECTION, not_tracked },
	{ "track_process", ELECTION, not_tracked },
	{ "track_bfd", ELECTION, not_tracked },
	{ "track_src_ip", NOTE,
	  "not needed: without its source address an instance never takes part" },
	{ "timer_expired_backup", ELECTION,
	  "not carried over: a stalled master asks the others first, always" },
	{ "thread_timer_expired", ELECTION,
	  "not carried over: a stalled master asks the others first, always" },
	{ "auth_hmac", ELECTION, no_hmac },
	{ "vrf", ELECTION, "not carried over: VRFs are not supported yet" },
	{ "virtual_ipaddress_excluded", DROPPED,
	  "not carried over: ExcludedAddresses is not supported yet" },
	{ "virtual_routes", DROPPED, "not carried over: VirtualRoutes is not supported yet" },
	{ "virtual_rules", DROPPED, "not carried over: VirtualRules is not supported yet" },
	{ "use_vmac", DROPPED, no_virtual_mac },
	{ "use_vmac_addr", DROPPED, no_virtual_mac },
	{ "use_ipvlan", DROPPED, no_virtual_mac },
	{ "vmac_xmit_base", DROPPED, no_virtual_mac },
	{ "vmac_garp_intvl", DROPPED, own_announcements },
	{ "garp_*", DROPPED, own_announcements },
	{ "lower_prio_no_advert", DROPPED,
	  "not carried over: a lower priority is answered as the RFC says" },
	{ "higher_prio_send_advert", DROPPED,
	  "not carried over: a higher priority is answered as the RFC says" },
	{ "strict_mode", DROPPED, "not carried over: vrrpd has no such mode" },
	{ "no_virtual_ipaddress", DROPPED, "not carried over: an instance needs an address" },
	{ "promote_secondaries", DROPPED, "not carried over: set the sysctl" },
	{ "notify*", DROPPED, no_scripts },
	{ "smtp_alert", DROPPED, no_mail },
	{ "lvs_sync_daemon*", DROPPED, no_lvs },
	{ "old_unicast_checksum", DROPPED,
	  "not carried over: use Checksum with routers that need it" },
	{ "unicast_fault_no_peer", NOTE,
	  "not needed: a list without another router is always an error" },
	{ "check_unicast_src", NOTE, always_checked },
	{ "skip_check_adv_addr", NOTE, list_never_matters },
	{ "owner_ignore_adverts", NOTE, "not needed: the owner never gives way" },
	{ "native_ipv6", NOTE, "not needed: the family is that of the addresses" },
	{ "kernel_rx_buf_size", NOTE, own_buffers },
	{ "linkbeat_use_polling", DROPPED, "not carried over: link states come from the kernel" },
	{ "debug", NOTE, "not needed" },
	{ "include*", ELECTION, "not read: give the included file to the import by itself" },
};

static gboolean matches(const char *pattern, const char *name)
{
	gsize length = strlen(pattern);

	if (pattern[0] == '*')
		return g_str_has_suffix(name, pattern + 1);
	if (pattern[length - 1] == '*')
		return strncmp(pattern, name, length - 1) == 0;
	return strcmp(pattern, name) == 0;
}

static const KeepalivedWord *search(const KeepalivedWord *words, gsize count, const char *name)
{
	for (gsize i = 0; i < count; i++)
		if (matches(words[i].name, name))
			return &words[i];
	return NULL;
}

const KeepalivedWord *keepalived_word_find(KeepalivedScope scope, const char *name)
{
	switch (scope) {
	case KEEPALIVED_SCOPE_FILE:
		return search(file_words, G_N_ELEMENTS(file_words), name);
	case KEEPALIVED_SCOPE_GLOBAL:
		return search(global_words, G_N_ELEMENTS(global_words), name);
	case KEEPALIVED_SCOPE_INSTANCE:
	default:
		return search(instance_words, G_N_ELEMENTS(instance_words), name);
	}
}
