/* libstrophe as a client: logs in, asks for its roster, sends its presence and one message, echoes what it gets. */
/* libstrophe JID PASSWORD HOST PORT MODE(starttls|tls) TO BODY CAFILE; events as JSON lines on stdout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

static const char *to, *body;

static int on_roster(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *data)
{
    xmpp_ctx_t *ctx = data;
    xmpp_stanza_t *message;
    printf("{\"event\":\"roster\",\"type\":\"%s\"}\n", xmpp_stanza_get_type(stanza));
    message = xmpp_message_new(ctx, "chat", to, "m1");
    xmpp_message_set_body(message, body);
    xmpp_send(conn, message);
    xmpp_stanza_release(message);
    return 0;
}

static int on_message(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *data)
{
    char *text = xmpp_message_get_body(stanza);
    (void)data;
    if (text == NULL) return 1;
    printf("{\"event\":\"message\",\"from\":\"%s\",\"body\":\"%s\"}\n", xmpp_stanza_get_from(stanza), text);
    xmpp_free(xmpp_conn_get_context(conn), text);
    xmpp_disconnect(conn);
    return 1;
}

static void on_connection(xmpp_conn_t *conn, xmpp_conn_event_t event, int error, xmpp_stream_error_t *stream_error, void *data)
{
    xmpp_ctx_t *ctx = data;
    (void)stream_error;
    if (event == XMPP_CONN_CONNECT) {
        xmpp_stanza_t *iq = xmpp_iq_new(ctx, "get", "roster1");
        xmpp_stanza_t *query = xmpp_stanza_new(ctx);
        xmpp_stanza_t *presence = xmpp_presence_new(ctx);
        printf("{\"event\":\"online\",\"jid\":\"%s\"}\n", xmpp_conn_get_bound_jid(conn));
        xmpp_stanza_set_name(query, "query");
        xmpp_stanza_set_ns(query, XMPP_NS_ROSTER);
        xmpp_stanza_add_child(iq, query);
        xmpp_stanza_release(query);
        xmpp_handler_add(conn, on_message, NULL, "message", NULL, ctx);
        xmpp_id_handler_add(conn, on_roster, "roster1", ctx);
        xmpp_send(conn, presence);
        xmpp_send(conn, iq);
        xmpp_stanza_release(presence);
        xmpp_stanza_release(iq);
    } else {
        printf("{\"event\":\"%s\",\"text\":\"%d\"}\n", error ? "error" : "offline", error);
        xmpp_stop(ctx);
    }
}

int main(int argc, char **argv)
{
    xmpp_ctx_t *ctx;
    xmpp_conn_t *conn;
    if (argc != 9) return 2;
    setvbuf(stdout, NULL, _IOLBF, 0);
    to = argv[6];
    body = argv[7];
    xmpp_initialize();
    ctx = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_WARN));
    conn = xmpp_conn_new(ctx);
    xmpp_conn_set_jid(conn, argv[1]);
    xmpp_conn_set_pass(conn, argv[2]);
    xmpp_conn_set_cafile(conn, argv[8]);
    xmpp_conn_set_flags(conn, strcmp(argv[5], "tls") == 0 ? XMPP_CONN_FLAG_LEGACY_SSL : XMPP_CONN_FLAG_MANDATORY_TLS);
    if (xmpp_connect_client(conn, argv[3], (unsigned short)atoi(argv[4]), on_connection, ctx) != XMPP_EOK) return 1;
    xmpp_run(ctx);
    xmpp_conn_release(conn);
    xmpp_ctx_free(ctx);
    xmpp_shutdown();
    return 0;
}
