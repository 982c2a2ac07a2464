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

static int open_bus(const Ctl *ctl, sd_bus **ret)
{
	if (ctl->host)
		return sd_bus_open_system_remote(ret, ctl->host);
	if (ctl->machine)
		return sd_bus_open_system_machine(ret, ctl->machine);
	return sd_bus_open_system_with_description(ret, "vrrpctl");
}

int ctl_bus_open(Ctl *ctl)
{
	int r;

	if (ctl->bus)
		return 0;
	r = open_bus(ctl, &ctl->bus);
	if (r < 0)
		return r;
	return sd_bus_set_allow_interactive_authorization(ctl->bus, ctl->ask_password);
}

void ctl_bus_close(Ctl *ctl)
{
	ctl->bus = sd_bus_close_unref(ctl->bus);
}

static int new_message(Ctl *ctl, const CtlCall *call, sd_bus_message **ret)
{
	g_autoptr(sd_bus_message) message = NULL;
	int r = sd_bus_message_new_method_call(ctl->bus, &message, BUS_NAME, call->path,
					       call->interface, call->member);

	if (r < 0)
		return r;
	r = sd_bus_message_set_auto_start(message, FALSE);
	if (r < 0)
		return r;
	*ret = g_steal_pointer(&message);
	return 0;
}

static int send_message(Ctl *ctl, const CtlCall *call, sd_bus_message *message, sd_bus_error *error,
			sd_bus_message **ret_reply)
{
	guint64 timeout = ctl->timeout_usec ? ctl->timeout_usec
			  : call->action    ? QUESTION_TIMEOUT_USEC
					    : CALL_TIMEOUT_USEC;

	return MIN(sd_bus_call(ctl->bus, message, timeout, error, ret_reply), 0);
}

static int call_valist(Ctl *ctl, const CtlCall *call, sd_bus_error *error,
		       sd_bus_message **ret_reply, const char *types, va_list arguments)
{
	g_autoptr(sd_bus_message) message = NULL;
	int r = new_message(ctl, call, &message);

	if (r < 0)
		return r;
	if (types) {
		r = sd_bus_message_appendv(message, types, arguments);
		if (r < 0)
			return r;
	}
	return send_message(ctl, call, message, error, ret_reply);
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
		ctl_bus_explain(ctl, call, &error, r);
	sd_bus_error_free(&error);
	return r;
}

static int call_with(Ctl *ctl, const CtlCall *call, sd_bus_error *error, sd_bus_message **ret_reply,
		     CtlBusAppend append, const void *data)
{
	g_autoptr(sd_bus_message) message = NULL;
	int r = ctl_bus_open(ctl);

	if (r < 0)
		return r;
	r = new_message(ctl, call, &message);
	if (r < 0)
		return r;
	r = sd_bus_message_sensitive(message);
	if (r < 0)
		return r;
	r = append(message, data);
	if (r < 0)
		return r;
	return send_message(ctl, call, message, error, ret_reply);
}

int ctl_bus_call_with(Ctl *ctl, const CtlCall *call, sd_bus_message **ret_reply,
		      CtlBusAppend append, const void *data)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = call_with(ctl, call, &error, ret_reply, append, data);

	if (r < 0)
		ctl_bus_explain(ctl, call, &error, r);
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

/* Remedies that depend on nothing but the error. */
static const struct {
	const char *error;
	const char *hint;
} hints[] = {
	{ SD_BUS_ERROR_SERVICE_UNKNOWN, "start it with: systemctl enable --now vrrpd" },
	{ SD_BUS_ERROR_NAME_HAS_NO_OWNER, "start it with: systemctl enable --now vrrpd" },
	{ BUS_ERROR_NO_PEER, "is vrrpd running on the other router, and does it hear this one? "
			     "The address stays here meanwhile." },
	{ BUS_ERROR_NOT_MASTER, "run it on the router that is master: vrrpctl list shows its "
				"address." },
	{ BUS_ERROR_INSTANCE_EXISTS, "vrrpctl set changes it, vrrpctl remove removes it." },
	{ BUS_ERROR_UNKNOWN_SETTING, "vrrpd.instance(5) has all settings." },
	{ BUS_ERROR_INVALID_SETTING, "vrrpd.instance(5) says what is valid." },
	{ BUS_ERROR_BUSY, "wait for what is going on, and try again." },
	{ BUS_ERROR_WRITE_FAILED, "nothing was changed. With --runtime no file is written, and the "
				  "change is gone when vrrpd restarts." },
	{ SD_BUS_ERROR_NO_REPLY, "see what vrrpd is doing: systemctl status vrrpd; what was asked "
				 "for may still happen." },
	{ SD_BUS_ERROR_TIMEOUT, "see what vrrpd is doing: systemctl status vrrpd; what was asked "
				"for may still happen." },
	{ SD_BUS_ERROR_UNKNOWN_METHOD, "vrrpd and vrrpctl are of different versions: systemctl "
				       "restart vrrpd" },
};

static void explain_name(const CtlCall *call, const sd_bus_error *error)
{
	if (sd_bus_error_has_name(error, SD_BUS_ERROR_ACCESS_DENIED) ||
	    sd_bus_error_has_name(error, ERROR_INTERACTIVE))
		explain_denied(call, error);
	for (guint i = 0; i < G_N_ELEMENTS(hints); i++)
		if (sd_bus_error_has_name(error, hints[i].error))
			ctl_error("Hint: %s", hints[i].hint);
}

/* No answer at all: from whom depends on where it was to come from. */
static void explain_silence(const Ctl *ctl, const CtlCall *call, int r)
{
	const char *text = g_strerror(-r);

	if (ctl->host) {
		ctl_error("Failed to %s: the system bus of host %s does not answer: %s",
			  call->doing, ctl->host, text);
		ctl_error("Hint: does this work? ssh %s vrrpctl list", ctl->host);
	} else if (ctl->machine) {
		ctl_error("Failed to %s: the system bus of machine %s does not answer: %s",
			  call->doing, ctl->machine, text);
		ctl_error("Hint: is it running? machinectl list. It takes root to enter one.");
	} else {
		ctl_error("Failed to %s: the system bus does not answer: %s", call->doing, text);
		ctl_error("Hint: is it running? systemctl status dbus; vrrpd goes on without it.");
	}
}

void ctl_bus_explain(const Ctl *ctl, const CtlCall *call, const sd_bus_error *error, int r)
{
	const char *text = error->message ? error->message : g_strerror(-r);

	/* A connection that breaks during a call is an error of the call for sd-bus. */
	if (!sd_bus_error_is_set(error) || (ctl->bus && sd_bus_is_open(ctl->bus) <= 0)) {
		explain_silence(ctl, call, r);
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

int ctl_bus_try_find(Ctl *ctl, const char *name, sd_bus_error *error, char **ret_path)
{
	const CtlCall call = { BUS_PATH, BUS_INTERFACE_MANAGER, "GetInstance" };
	g_autoptr(sd_bus_message) reply = NULL;
	const char *path;
	int r = ctl_bus_try(ctl, &call, error, &reply, "s", name);

	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "o", &path);
	if (r < 0)
		return r;
	*ret_path = g_strdup(path);
	return 0;
}

int ctl_bus_find_instance(Ctl *ctl, const char *name, const char *doing, char **ret_path)
{
	const CtlCall call = { .doing = doing };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = ctl_bus_open(ctl);

	if (r >= 0)
		r = ctl_bus_try_find(ctl, name, &error, ret_path);
	if (r < 0)
		ctl_bus_explain(ctl, &call, &error, r);
	sd_bus_error_free(&error);
	return r;
}

int ctl_bus_try_state(Ctl *ctl, const char *path, sd_bus_error *error, char **ret_state)
{
	const CtlCall call = { path, "org.freedesktop.DBus.Properties", "Get" };
	g_autoptr(sd_bus_message) reply = NULL;
	const char *state;
	int r = ctl_bus_try(ctl, &call, error, &reply, "ss", BUS_INTERFACE_INSTANCE, "State");

	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "v", "s", &state);
	if (r < 0)
		return r;
	*ret_state = g_strdup(state);
	return 0;
}
