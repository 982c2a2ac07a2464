/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A table for people: aligned with spaces, without lines around it, so that cut and awk read it as
 * well. It knows nothing of what is in the cells and never cuts one off.
 */

#include <stdio.h>

#include "ctl-table.h"

typedef struct Cell {
	char *text;
	CtlColor color;
} Cell;

struct CtlTable {
	const char *const *headers;
	guint columns;
	GArray *cells; /* Cell, row by row */
};

static void clear_cell(gpointer data)
{
	g_free(((Cell *)data)->text);
}

CtlTable *ctl_table_new(const char *const *headers)
{
	CtlTable *table = g_new0(CtlTable, 1);

	table->headers = headers;
	table->columns = g_strv_length((GStrv)headers);
	table->cells = g_array_new(FALSE, FALSE, sizeof(Cell));
	g_array_set_clear_func(table->cells, clear_cell);
	return table;
}

void ctl_table_free(CtlTable *table)
{
	if (!table)
		return;
	g_array_unref(table->cells);
	g_free(table);
}

void ctl_table_add(CtlTable *table, CtlColor color, const char *text)
{
	Cell cell = { .text = g_strdup(text && *text ? text : "-"), .color = color };

	g_array_append_val(table->cells, cell);
}

void ctl_table_add_format(CtlTable *table, CtlColor color, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	ctl_table_add(table, color, text);
}

gboolean ctl_table_is_empty(const CtlTable *table)
{
	return table->cells->len == 0;
}

static gboolean is_right(const CtlTable *table, guint column)
{
	return table->headers[column][0] == '>';
}

static const char *header_of(const CtlTable *table, guint column)
{
	return table->headers[column] + (is_right(table, column) ? 1 : 0);
}

static glong width_of(const CtlTable *table, guint column, gboolean legend)
{
	glong width = legend ? g_utf8_strlen(header_of(table, column), -1) : 0;

	for (guint i = column; i < table->cells->len; i += table->columns) {
		const Cell *cell = &g_array_index(table->cells, Cell, i);

		width = MAX(width, g_utf8_strlen(cell->text, -1));
	}
	return width;
}

static void print_cell(const CtlTable *table, guint column, glong width, CtlColor color,
		       const char *text)
{
	int padding = (int)(width - g_utf8_strlen(text, -1));
	gboolean last = column + 1 == table->columns;

	printf("%*s%s%s%s%*s", is_right(table, column) ? padding : 0, "", ctl_terminal_color(color),
	       text, ctl_terminal_reset(color), is_right(table, column) || last ? 0 : padding, "");
	putchar(last ? '\n' : ' ');
}

void ctl_table_print(const CtlTable *table, gboolean legend)
{
	g_autofree glong *widths = g_new(glong, table->columns);

	for (guint i = 0; i < table->columns; i++)
		widths[i] = width_of(table, i, legend);
	for (guint i = 0; legend && i < table->columns; i++)
		print_cell(table, i, widths[i], CTL_COLOR_BOLD, header_of(table, i));
	for (guint i = 0; i < table->cells->len; i++) {
		const Cell *cell = &g_array_index(table->cells, Cell, i);

		print_cell(table, i % table->columns, widths[i % table->columns], cell->color,
			   cell->text);
	}
}
