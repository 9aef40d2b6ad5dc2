/* A client by libstrophe: logs in, asks for its roster, echoes messages. Speaks one JSON text a line on stdout. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strophe.h>

static int on_message(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *userdata)
{
    xmpp_ctx_t *ctx = userdata;
    char *body = xmpp_message_get_body(stanza);
    if (body == NULL) return 1;
    char echo[256];
    snprintf(echo, sizeof echo, "echo %s", body);
    xmpp_stanza_t *reply = xmpp_stanza_reply(stanza);
    xmpp_message_set_body(reply, echo);
    xmpp_send(conn, reply);
    xmpp_stanza_release(reply);
    if (strcmp(body, "end") == 0) xmpp_disconnect(conn);
    xmpp_free(ctx, body);
    return 1;
}

static int on_roster(xmpp_conn_t *conn, xmpp_stanza_t *stanza, void *userdata)
{
    xmpp_stanza_t *query = xmpp_stanza_get_child_by_name(stanza, "query");
    xmpp_stanza_t *item = query ? xmpp_stanza_get_child_by_name(query, "item") : NULL;
    printf("{\"event\":\"roster\",\"jid\":\"%s\",\"tls\":%d}\n", item ? xmpp_stanza_get_attribute(item, "jid") : "",
           xmpp_conn_is_secured(conn));
    xmpp_stanza_t *presence = xmpp_presence_new((xmpp_ctx_t *)userdata);
    xmpp_send(conn, presence);
    xmpp_stanza_release(presence);
    printf("{\"event\":\"online\",\"jid\":\"%s\"}\n", xmpp_conn_get_bound_jid(conn));
    fflush(stdout);
    return 0;
}

static void on_connection(xmpp_conn_t *conn, xmpp_conn_event_t status, int error, xmpp_stream_error_t *stream_error,
                          void *userdata)
{
    xmpp_ctx_t *ctx = userdata;
    (void)stream_error;
    if (status != XMPP_CONN_CONNECT) {
        printf("{\"event\":\"offline\",\"error\":%d}\n", error);
        fflush(stdout);
        xmpp_stop(ctx);
        return;
    }
    xmpp_handler_add(conn, on_message, NULL, "message", NULL, ctx);
    xmpp_id_handler_add(conn, on_roster, "roster", ctx);
    xmpp_stanza_t *iq = xmpp_iq_new(ctx, "get", "roster");
    xmpp_stanza_t *query = xmpp_stanza_new(ctx);
    xmpp_stanza_set_name(query, "query");
    xmpp_stanza_set_ns(query, XMPP_NS_ROSTER);
    xmpp_stanza_add_child(iq, query);
    xmpp_stanza_release(query);
    xmpp_send(conn, iq);
    xmpp_stanza_release(iq);
}

/* JID, password, port, starttls or tls. The certificate is of another time than the machine's: it is not looked at. */
int main(int argc, char **argv)
{
    if (argc != 5) return 2;
    xmpp_initialize();
    xmpp_ctx_t *ctx = xmpp_ctx_new(NULL, xmpp_get_default_logger(XMPP_LEVEL_WARN));
    xmpp_conn_t *conn = xmpp_conn_new(ctx);
    xmpp_conn_set_jid(conn, argv[1]);
    xmpp_conn_set_pass(conn, argv[2]);
    long flags = strcmp(argv[4], "tls") == 0 ? XMPP_CONN_FLAG_LEGACY_SSL : XMPP_CONN_FLAG_MANDATORY_TLS;
    xmpp_conn_set_flags(conn, flags | XMPP_CONN_FLAG_TRUST_TLS);
    if (xmpp_connect_client(conn, "127.0.0.1", (unsigned short)atoi(argv[3]), on_connection, ctx) != XMPP_EOK) return 1;
    xmpp_run(ctx);
    xmpp_conn_release(conn);
    xmpp_ctx_free(ctx);
    xmpp_shutdown();
    return 0;
}
