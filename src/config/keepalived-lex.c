/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reads words. The rules were found by trying them on keepalived: a directive ends with its line or
 * with a brace; '#' and
 * '!' begin a comment anywhere outside quotes, even in the middle of a word; braces outside quotes
 * are always blocks, with or without space around them, and an opening one may stand on a later
 * line; quotes of both kinds may begin in the middle of a word; a backslash takes the next
 * character as it is, or makes a control character.
 *
 * keepalived goes on after a brace that does not match and drops what it cannot place. Here that is
 * an error, since nobody can say which half was meant. No message quotes the text: it could be the
 * secret key.
 */

#include <string.h>

#include "keepalived-lex.h"
#include "settings-builder.h"

#define DEPTH_MAX 16

void keepalived_node_free(KeepalivedNode *node)
{
	if (!node)
		return;
	for (char **word = node->words; word && *word; word++)
		explicit_bzero(*word, strlen(*word));
	g_strfreev(node->words);
	g_clear_pointer(&node->children, g_ptr_array_unref);
	g_free(node);
}

static KeepalivedNode *node_new(guint line, GStrv words)
{
	KeepalivedNode *node = g_new0(KeepalivedNode, 1);

	node->line = line;
	node->words = words;
	return node;
}

static void node_open(KeepalivedNode *node)
{
	node->children = g_ptr_array_new_with_free_func((GDestroyNotify)keepalived_node_free);
}

typedef struct Lexer {
	const char *path;
	const char *cursor; /* the text ends with a zero */
	guint line;
	KeepalivedNode *open[DEPTH_MAX]; /* the blocks we are in, the root first */
	guint depth;
	GPtrArray *words; /* of the directive that is being read */
	guint words_line;
} Lexer;

static gboolean fail(const Lexer *lexer, guint line, const char *what, GError **error)
{
	g_set_error(error, SETTINGS_ERROR, SETTINGS_ERROR_INVALID_VALUE, "%s:%u: %s", lexer->path,
		    line, what);
	return FALSE;
}

/* Adds the finished directive to the block. */
static void end_directive(Lexer *lexer)
{
	KeepalivedNode *block = lexer->open[lexer->depth - 1];

	if (lexer->words->len == 0)
		return;
	g_ptr_array_add(lexer->words, NULL);
	g_ptr_array_add(block->children,
			node_new(lexer->words_line, (GStrv)g_ptr_array_free(lexer->words, FALSE)));
	lexer->words = g_ptr_array_new_with_free_func(g_free);
}

static gboolean open_block(Lexer *lexer, GError **error)
{
	KeepalivedNode *block = lexer->open[lexer->depth - 1], *node;

	end_directive(lexer);
	node = block->children->len ? block->children->pdata[block->children->len - 1] : NULL;
	if (!node || node->children)
		return fail(lexer, lexer->line, "'{' without a directive in front of it", error);
	if (lexer->depth == DEPTH_MAX)
		return fail(lexer, lexer->line, "blocks are nested too deeply", error);
	node_open(node);
	lexer->open[lexer->depth++] = node;
	return TRUE;
}

static gboolean close_block(Lexer *lexer, GError **error)
{
	end_directive(lexer);
	if (lexer->depth == 1)
		return fail(lexer, lexer->line, "'}' without a '{'", error);
	lexer->depth--;
	return TRUE;
}

/* What stands behind a backslash, which is not at the end of the text. */
static char unescape(char c)
{
	static const char letters[] = "abEfnrtv", meaning[] = "\a\b\033\f\n\r\t\v";
	const char *found = strchr(letters, c);

	return found ? meaning[found - letters] : c;
}

static gboolean is_word_end(char c)
{
	return c == '\0' || g_ascii_isspace(c) || strchr("#!{}", c);
}

/* Reads one word; the cursor is on its first character. */
static gboolean read_word(Lexer *lexer, GError **error)
{
	GString *word = g_string_new(NULL);
	char quote = '\0';
	gboolean ok = TRUE;

	for (;; lexer->cursor++) {
		char c = *lexer->cursor;

		if (quote == '\0' && is_word_end(c))
			break;
		if (c == '\0' || c == '\n') {
			ok = fail(lexer, lexer->line, "a quote is not closed in its line", error);
			break;
		}
		if (c == '\\' && lexer->cursor[1] != '\0' && lexer->cursor[1] != '\n')
			g_string_append_c(word, unescape(*++lexer->cursor));
		else if (quote == '\0' && (c == '"' || c == '\''))
			quote = c;
		else if (quote != '\0' && c == quote)
			quote = '\0';
		else
			g_string_append_c(word, c);
	}
	/* Only words must be: old files have comments in all encodings. */
	if (ok && !g_utf8_validate_len(word->str, word->len, NULL))
		ok = fail(lexer, lexer->line, "is not text in UTF-8", error);
	if (lexer->words->len == 0)
		lexer->words_line = lexer->line;
	g_ptr_array_add(lexer->words, g_string_free(word, FALSE));
	return ok;
}

static void skip_line(Lexer *lexer)
{
	lexer->cursor += strcspn(lexer->cursor, "\n");
}

/* The file name behind include may hold braces, which are not blocks. */
static gboolean at_include(const Lexer *lexer)
{
	return lexer->words->len == 1 && g_str_has_prefix(lexer->words->pdata[0], "include");
}

static gboolean step(Lexer *lexer, GError **error)
{
	switch (*lexer->cursor) {
	case '\n':
		end_directive(lexer);
		lexer->line++;
		lexer->cursor++;
		return TRUE;
	case '#':
	case '!':
		skip_line(lexer);
		return TRUE;
	case '{':
		lexer->cursor++;
		return open_block(lexer, error);
	case '}':
		lexer->cursor++;
		return close_block(lexer, error);
	default:
		if (g_ascii_isspace(*lexer->cursor)) {
			lexer->cursor++;
			return TRUE;
		}
		if (!read_word(lexer, error))
			return FALSE;
		if (at_include(lexer))
			skip_line(lexer);
		return TRUE;
	}
}

KeepalivedNode *keepalived_lex(const char *path, const char *text, gsize length, GError **error)
{
	g_autofree char *copy = g_strndup(text, length);
	g_autoptr(KeepalivedNode) root = node_new(0, NULL);
	Lexer lexer = { .path = path, .cursor = copy, .line = 1, .depth = 1 };
	gboolean ok = TRUE;

	node_open(root);
	lexer.open[0] = root;
	lexer.words = g_ptr_array_new_with_free_func(g_free);

	while (ok && *lexer.cursor)
		ok = step(&lexer, error);
	if (ok && lexer.cursor != copy + length)
		ok = fail(&lexer, lexer.line, "is not text", error);
	if (ok)
		end_directive(&lexer);
	if (ok && lexer.depth > 1)
		ok = fail(&lexer, lexer.open[lexer.depth - 1]->line,
			  "the block that begins here is not closed", error);
	g_ptr_array_free(lexer.words, TRUE);
	explicit_bzero(copy, length);
	return ok ? g_steal_pointer(&root) : NULL;
}
