/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The errors of the bus, each with a text that says what is wrong and what would be right. A caller
 * may show the text to a person; programs look at the name only. No text ever holds a secret.
 */

#include <errno.h>

#include "bus-error.h"
#include "bus-names.h"

int bus_error_no_such_instance(sd_bus_error *error, const char *name)
{
	return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_INSTANCE,
				 "There is no instance '%s'. ListInstances names them all.", name);
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
