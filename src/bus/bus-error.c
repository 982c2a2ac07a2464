/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The errors of the bus, each with a text that says what is wrong and what would be right. A caller
 * may show the text to a person; programs look at the name only. No text ever holds a secret.
 */

#include <errno.h>

#include "bus-error.h"
#include "bus-names.h"
#include "config/values.h"
#include "model.h"

#define SHOWN_LENGTH 80

int bus_error_no_such_instance(sd_bus_error *error, const char *name)
{
	return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_INSTANCE,
				 "There is no instance '%s'. ListInstances names them all.", name);
}

int bus_error_invalid_name(sd_bus_error *error, const char *name)
{
	g_autofree char *shown = value_show(name, SHOWN_LENGTH);

	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
				 "name='%s': must begin with a letter or a digit, hold only "
				 "letters, digits, '_', '.' and '-', and have at most %d "
				 "characters.",
				 shown, SETTINGS_NAME_MAX);
}

int bus_error_flags(sd_bus_error *error, unsigned flags, const char *valid)
{
	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "flags=%u: valid is %s.", flags,
				 valid);
}

int bus_error_too_long(sd_bus_error *error)
{
	return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
				"The answer would be longer than the message bus allows. Read the "
				"instances one by one: ListInstances names them.");
}

int bus_error_failover(sd_bus_error *error, const char *name, int result)
{
	switch (result) {
	case -ENOTCONN:
		return sd_bus_error_setf(error, BUS_ERROR_NOT_MASTER,
					 "'%s' is not master here: there is nothing to hand over.",
					 name);
	case -EBUSY:
		return sd_bus_error_setf(error, BUS_ERROR_BUSY,
					 "A failover of '%s' is under way already.", name);
	case -ECANCELED:
		return sd_bus_error_setf(error, BUS_ERROR_BUSY,
					 "'%s' left mastership for another reason meanwhile.",
					 name);
	case -ETIMEDOUT:
		return sd_bus_error_setf(error, BUS_ERROR_NO_PEER,
					 "No other router was heard for '%s' in time.", name);
	default:
		return sd_bus_error_setf(error, BUS_ERROR_NO_PEER,
					 "No other router took over '%s': this one stays master.",
					 name);
	}
}

int bus_error_hold(sd_bus_error *error, const char *name, int result)
{
	switch (result) {
	case -ENOENT:
	case -ETIMEDOUT:
		return sd_bus_error_setf(error, BUS_ERROR_NO_PEER,
					 "No other router took over '%s': this one stays master, "
					 "and nothing is held.",
					 name);
	case -ECANCELED:
		return sd_bus_error_setf(error, BUS_ERROR_BUSY,
					 "'%s' left mastership for another reason meanwhile, and "
					 "is not held. Try again.",
					 name);
	case -EBUSY:
		return sd_bus_error_setf(error, BUS_ERROR_BUSY,
					 "'%s' is handing over already. Try again.", name);
	case -EUSERS:
		return sd_bus_error_setf(error, BUS_ERROR_BUSY,
					 "'%s' has, or all together have, as many holders as there "
					 "may be.",
					 name);
	default:
		return sd_bus_error_setf(error, SD_BUS_ERROR_FAILED, "'%s' cannot be held: %s.",
					 name, g_strerror(-result));
	}
}

int bus_error_model(sd_bus_error *error, const GError *why)
{
	static const char *const names[] = {
		[MODEL_ERROR_INSTANCE_EXISTS] = BUS_ERROR_INSTANCE_EXISTS,
		[MODEL_ERROR_INVALID_SETTING] = BUS_ERROR_INVALID_SETTING,
		[MODEL_ERROR_CONFLICT] = BUS_ERROR_CONFLICT,
		[MODEL_ERROR_NOT_MASTER] = BUS_ERROR_NOT_MASTER,
		[MODEL_ERROR_BUSY] = BUS_ERROR_BUSY,
		[MODEL_ERROR_WRITE_FAILED] = BUS_ERROR_WRITE_FAILED,
		[MODEL_ERROR_UNKNOWN_TOKEN] = SD_BUS_ERROR_INVALID_ARGS,
	};
	g_autofree char *text = g_utf8_make_valid(why->message, -1);

	if (why->domain != MODEL_ERROR || why->code < 0 || (gsize)why->code >= G_N_ELEMENTS(names))
		return sd_bus_error_set(error, SD_BUS_ERROR_FAILED, text);
	return sd_bus_error_set(error, names[why->code], text);
}
