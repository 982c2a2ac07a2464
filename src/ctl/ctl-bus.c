/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Calls to the daemon, and errors that say what to do. The daemon is never started by a call: a
 * question must not start a router.
 */

#include <errno.h>
#include <string.h>

#include "bus/bus-names.h"
#include "ctl-bus.h"

#define CALL_TIMEOUT_USEC     (G_USEC_PER_SEC * 25ull)
#define QUESTION_TIMEOUT_USEC (G_USEC_PER_SEC * 120ull)

#define ERROR_INTERACTIVE     "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"

int ctl_bus_open(Ctl *ctl)
{
	int r;

	if (ctl->bus)
		return 0;
	r = sd_bus_open_system_with_description(&ctl->bus, "vrrpctl");
	if (r < 0)
		return r;
	return sd_bus_set_allow_interactive_authorization(ctl->bus, ctl->ask_password);
}

static int call_valist(Ctl *ctl, const CtlCall *call, sd_bus_error *error,
		       sd_bus_message **ret_reply, const char *types, va_list arguments)
{
	g_autoptr(sd_bus_message) message = NULL;
	guint64 timeout = ctl->timeout_usec ? ctl->timeout_usec
			  : call->action    ? QUESTION_TIMEOUT_USEC
					    : CALL_TIMEOUT_USEC;
	int r = sd_bus_message_new_method_call(ctl->bus, &message, BUS_NAME, call->path,
					       call->interface, call->member);

	if (r < 0)
		return r;
	r = sd_bus_message_set_auto_start(message, FALSE);
	if (r < 0)
		return r;
	if (types) {
		r = sd_bus_message_appendv(message, types, arguments);
		if (r < 0)
			return r;
	}
	r = sd_bus_call(ctl->bus, message, timeout, error, ret_reply);
	return MIN(r, 0);
}

int ctl_bus_try(Ctl *ctl, const CtlCall *call, sd_bus_error *error, sd_bus_message **ret_reply,
		const char *types, ...)
{
	va_list arguments;
	int r;

	va_start(arguments, types);
	r = call_valist(ctl, call, error, ret_reply, types, arguments);
	va_end(arguments);
	return r;
}

int ctl_bus_call(Ctl *ctl, const CtlCall *call, sd_bus_message **ret_reply, const char *types, ...)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	va_list arguments;
	int r = ctl_bus_open(ctl);

	if (r >= 0) {
		va_start(arguments, types);
		r = call_valist(ctl, call, &error, ret_reply, types, arguments);
		va_end(arguments);
	}
	if (r < 0)
		ctl_bus_explain(call, &error, r);
	sd_bus_error_free(&error);
	return r;
}

gboolean ctl_bus_is_absent(const sd_bus_error *error)
{
	return sd_bus_error_has_name(error, SD_BUS_ERROR_SERVICE_UNKNOWN) ||
	       sd_bus_error_has_name(error, SD_BUS_ERROR_NAME_HAS_NO_OWNER);
}

static void explain_denied(const CtlCall *call, const sd_bus_error *error)
{
	if (!call->action) {
		ctl_error("Hint: the policy of the message bus does not let you talk to vrrpd.");
		return;
	}
	ctl_error("Hint: this needs the polkit action %s. Run it as root, or have a rule allow it, "
		  "see vrrpd(8).",
		  call->action);
	if (sd_bus_error_has_name(error, ERROR_INTERACTIVE))
		ctl_error("Hint: on a terminal and without --no-ask-password, polkit asks for the "
			  "password of an administrator.");
}

static void explain_name(const CtlCall *call, const sd_bus_error *error)
{
	if (ctl_bus_is_absent(error))
		ctl_error("Hint: start it with: systemctl enable --now vrrpd");
	else if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) ||
		 sd_bus_error_has_name(error, ERROR_INTERACTIVE))
		explain_denied(call, error);
	else if (sd_bus_error_has_name(error, BUS_ERROR_NO_PEER))
		ctl_error("Hint: is vrrpd running on the other router, and does it hear this one? "
			  "The address stays here meanwhile.");
	else if (sd_bus_error_has_name(error, BUS_ERROR_NOT_MASTER))
		ctl_error("Hint: run it on the router that is master: vrrpctl list shows its "
			  "address.");
	else if (sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
		 sd_bus_error_has_name(error, SD_BUS_ERROR_TIMEOUT))
		ctl_error(
			"Hint: see what vrrpd is doing: systemctl status vrrpd; what was asked for "
			"may still happen.");
	else if (sd_bus_error_has_name(error, SD_BUS_ERROR_UNKNOWN_METHOD))
		ctl_error("Hint: vrrpd and vrrpctl are of different versions: systemctl restart "
			  "vrrpd");
}

void ctl_bus_explain(const CtlCall *call, const sd_bus_error *error, int r)
{
	const char *text = error->message ? error->message : g_strerror(-r);

	if (!sd_bus_error_is_set(error)) {
		ctl_error("Failed to %s: the system bus does not answer: %s", call->doing, text);
		ctl_error("Hint: is it running? systemctl status dbus; vrrpd goes on without it.");
		return;
	}
	if (ctl_bus_is_absent(error))
		text = "vrrpd is not running";
	else if (sd_bus_error_has_name(error, BUS_ERROR_NO_SUCH_INSTANCE))
		text = "there is no such instance; vrrpctl list names them all";
	ctl_error("Failed to %s: %s", call->doing, text);
	explain_name(call, error);
}

CtlExit ctl_bus_bad_reply(const char *member, int r)
{
	ctl_error("Failed to read vrrpd's reply to %s: %s", member, g_strerror(-r));
	return CTL_FAILED;
}

int ctl_bus_find_instance(Ctl *ctl, const char *name, const char *doing, char **ret_path)
{
	const CtlCall call = { BUS_PATH, BUS_INTERFACE_MANAGER, "GetInstance", doing };
	g_autoptr(sd_bus_message) reply = NULL;
	const char *path;
	int r = ctl_bus_call(ctl, &call, &reply, "s", name);

	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "o", &path);
	if (r < 0) {
		ctl_bus_bad_reply(call.member, r);
		return r;
	}
	*ret_path = g_strdup(path);
	return 0;
}
