"""The conformance program for Python: see README.md beside it.

There is no Python package. What a function takes and gives is read from the header, so this is also a test that the
header can be read by a program.

    conformance.py HEADER LIBRARY
"""

import ctypes
import re
import sys
import threading
import time
from pathlib import Path
from urllib.parse import unquote_to_bytes

SCALARS = {
    "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32, "int64_t": ctypes.c_int64, "uint16_t": ctypes.c_uint16, "uint64_t": ctypes.c_uint64,
    "size_t": ctypes.c_size_t, "tg_status": ctypes.c_int32, "void": None,
}
LOG = ctypes.CFUNCTYPE(None, ctypes.c_int32, ctypes.c_char_p, ctypes.c_void_p)
WAKEUP = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
PROVIDER = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p)
FUNCTIONS = {"tg_log_fn": LOG, "tg_wakeup_fn": WAKEUP, "tg_provider_fn": PROVIDER}


def ctype(declared):
    """The type of a parameter or a result, by its text without the name."""
    words = declared.replace("const ", "").replace(" const", "").replace(" ", "")
    if words in FUNCTIONS:
        return FUNCTIONS[words]
    if words in ("tg_release_fn", "void*"):
        return ctypes.c_void_p
    if words == "char*":
        return ctypes.c_char_p
    if words == "char**":
        return ctypes.POINTER(ctypes.c_char_p)
    base, stars = words.rstrip("*"), words.count("*")
    if base in SCALARS:
        return ctypes.POINTER(SCALARS[base]) if stars else SCALARS[base]
    return ctypes.POINTER(ctypes.c_void_p) if stars == 2 else ctypes.c_void_p


def constants(header):
    found = re.findall(r"^#define (TG_\w+) (\d+)u?$", header, re.M)
    return {name: int(value) for name, value in found}


def load(header, library):
    """The library, with every function that the header declares."""
    code = re.sub(r"/\*.*?\*/", "", header, flags=re.S)
    code = re.sub(r"^#.*$", "", code, flags=re.M)
    code = re.sub(r"TIGERGRAPH_AUTH_DEPRECATED_NOTE\(.*?\)", "", code)
    loaded = ctypes.CDLL(library)
    declaration = re.compile(r"([\w ]+?[ *]+)(tg_\w+)\(([^()]*)\)\s*;")
    for result, name, parameters in declaration.findall(code):
        function = getattr(loaded, name)
        function.restype = ctype(result.strip())
        taken = [re.sub(r"\w+$", "", parameter.strip()).strip() for parameter in parameters.split(",")]
        function.argtypes = [] if parameters.strip() == "void" else [ctype(parameter) for parameter in taken]
    return loaded


HEADER = Path(sys.argv[1]).read_text(encoding="utf-8")
TG = load(HEADER, sys.argv[2])
VALUE = constants(HEADER)


def field(name, value):
    data = value if isinstance(value, bytes) else str(value).encode()
    escaped = "".join(f"%{byte:02X}" if byte < 0x20 or byte >= 0x7F or byte == 0x25 else chr(byte) for byte in data)
    return f"{name}={escaped}"


class Failed(Exception):
    """A call failed; holds the answer."""


def failure(error):
    told = [
        ("status", TG.tg_status_name(TG.tg_error_status(error))), ("reason", TG.tg_error_reason(error)),
        ("message", TG.tg_error_message(error)), ("hint", TG.tg_error_hint(error)),
        ("server_code", TG.tg_error_server_code(error)), ("http_status", TG.tg_error_http_status(error)),
        ("retry_after_ms", TG.tg_error_retry_after_ms(error)),
    ]
    TG.tg_error_free(error)
    return Failed([field(name, value) for name, value in told])


def call(function, *arguments):
    error = ctypes.c_void_p()
    status = function(*arguments, ctypes.byref(error))
    if status != VALUE["TG_STATUS_OK"]:
        raise failure(error)


class Command:
    """A line, taken apart."""

    def __init__(self, line):
        self.word, *fields = line.rstrip("\n").split("\t")
        self.fields = [(name, unquote_to_bytes(value)) for name, value in (part.split("=", 1) for part in fields)]

    def all(self, name):
        return [value for key, value in self.fields if key == name]

    def text(self, name):
        return next(iter(self.all(name)), None)

    def number(self, name):
        return int(self.text(name) or 0)

    def flags(self, **bits):
        return sum(VALUE[constant] for name, constant in bits.items() if self.text(name))


class Lent:
    """A function that the library has until it releases it.

    The release is a function of C. A thread of the library that was in Python when the interpreter ends would end the
    process, so the program waits for what it has lent, and what tells it so must not be Python itself.
    """

    LIBC = ctypes.CDLL(None)
    SIZE_OF_SEMAPHORE = 64  # at least

    def __init__(self, function):
        self.function = function
        self.semaphore = ctypes.create_string_buffer(self.SIZE_OF_SEMAPHORE)
        self.LIBC.sem_init(self.semaphore, 0, 0)

    def arguments(self):
        """The function, its user_data and its release, as the library takes them."""
        return self.function, ctypes.addressof(self.semaphore), ctypes.cast(self.LIBC.sem_post, ctypes.c_void_p)

    def await_return(self):
        self.LIBC.sem_wait(self.semaphore)


class Provider:
    """Brings what the scenario has it answer, one call after the other; the last answer stays."""

    def __init__(self, answers, program):
        self.answers = answers
        self.program = program
        self.lock = threading.Lock()
        self.calls = 0
        self.had_time = False
        self.cancelled = False

    def provide(self, request, _):
        with self.lock:
            answer = self.answers[min(self.calls, len(self.answers) - 1)]
            self.calls += 1
            kind, number, words = answer.split(b" ", 2)
            self.had_time = TG.tg_provider_request_time_left_ms(request) > 0
            while kind == b"wait" and not TG.tg_provider_request_is_cancelled(request):
                time.sleep(0.005)
            self.cancelled = bool(TG.tg_provider_request_is_cancelled(request))
        if kind == b"token":
            end = int(time.time()) + int(number) if int(number) else 0
            TG.tg_provider_request_set_token(request, words, end, None)
            return
        status = VALUE["TG_STATUS_UNAUTHENTICATED" if kind == b"refused" else "TG_STATUS_UNAVAILABLE"]
        if kind == b"within":
            words = self.reason_from_within()
        TG.tg_provider_request_fail(request, status, words, int(number), None)

    def told(self):
        """Once it has answered: how often it was asked, and what its last request was like."""
        with self.lock:
            told = [("calls", self.calls), ("had_time", int(self.had_time)), ("cancelled", int(self.cancelled))]
            return [field(name, number) for name, number in told]

    def reason_from_within(self):
        """Why a call of the provider's own connection fails."""
        token, error = ctypes.c_void_p(), ctypes.c_void_p()
        TG.tg_authorization(self.program.conn, ctypes.byref(token), ctypes.byref(error))
        reason = TG.tg_error_reason(error)
        TG.tg_error_free(error)
        return reason


# Commands that are no calls of a connection.
OF_THE_PROGRAM = ("connect", "close", "take_log", "provider_calls", "await_wakeup", "library_version")


class Program:
    """What a line of commands works on."""

    def __init__(self):
        self.conn = None
        self.provider = None
        self.woken = threading.Semaphore(0)
        self.tokens = {}
        self.lines = []
        self.lent = []

    def connect(self, command):
        config = TG.tg_config_new(command.text("host"))
        for name in ("graph", "secret", "api_token", "jwt", "secret_file", "jwt_file", "server_version", "ca_file",
                     "ca_pem", "pin_sha256", "proxy", "user_agent", "token_cache"):
            getattr(TG, f"tg_config_set_{name}")(config, command.text(name))
        if command.text("added_ca_file") is not None:
            TG.tg_config_add_ca_file(config, command.text("added_ca_file"))
        for name in ("tgcloud", "insecure_tls", "allow_http"):
            getattr(TG, f"tg_config_set_{name}")(config, command.number(name))
        TG.tg_config_set_password(config, command.text("username"), command.text("password"))
        TG.tg_config_set_password_file(config, command.text("username"), command.text("password_file"))
        TG.tg_config_set_client_cert(config, command.text("client_cert"), command.text("client_key"))
        TG.tg_config_set_ports(config, command.number("restpp_port"), command.number("gsql_port"))
        TG.tg_config_set_timeouts(config, command.number("connect_ms"), command.number("total_ms"))
        TG.tg_config_set_token_lifetime(config, command.number("lifetime_s"), command.number("renew_before_s"))
        self.oauth2(config, command)
        self.log(config, command)
        self.load_variables(config, command)
        provider = self.set_provider(config, command)
        fresh = ctypes.c_void_p()
        try:
            call(TG.tg_conn_new, config, ctypes.byref(fresh))
        finally:
            TG.tg_config_free(config)
        TG.tg_conn_free(self.conn)
        self.conn, self.provider = fresh, provider
        if command.text("wakeup"):
            TG.tg_conn_set_wakeup(self.conn, *self.lend(WAKEUP(lambda _: self.woken.release())))
        return []

    @staticmethod
    def oauth2(config, command):
        given = [command.text(name) for name in ("oauth2_url", "oauth2_client_id", "oauth2_client_secret")]
        TG.tg_config_set_oauth2(config, *given)
        TG.tg_config_set_oauth2_secret_file(config, command.text("oauth2_client_secret_file"))
        for parameter in command.all("oauth2_parameter"):
            TG.tg_config_set_oauth2_parameter(config, *parameter.split(b"=", 1))

    @staticmethod
    def load_variables(config, command):
        if command.text("profile") is not None:
            TG.tg_config_load_profile(config, command.text("profile"))
        elif command.text("env"):
            TG.tg_config_load_env(config)
        if command.text("env_file") is not None:
            TG.tg_config_load_env_file(config, command.text("env_file"))

    def set_provider(self, config, command):
        answers = command.all("provider")
        if not answers:
            return None
        provider = Provider(answers, self)
        TG.tg_config_set_token_provider(config, *self.lend(PROVIDER(provider.provide)))
        return provider

    def provider_calls(self, command):
        return self.provider.told()

    def await_wakeup(self, command):
        count = int(self.woken.acquire(timeout=20))
        while self.woken.acquire(blocking=False):
            count += 1
        return [field("wakeups", count)]

    def log(self, config, command):
        self.lines = lines = []
        if command.text("log"):
            keep = LOG(lambda level, message, _: lines.append(b"%d %s" % (level, message)))
            TG.tg_config_set_log(config, command.number("log"), *self.lend(keep))

    def lend(self, function):
        lent = Lent(function)
        self.lent.append(lent)
        return lent.arguments()

    def take_log(self, command):
        taken, self.lines[:] = list(self.lines), []
        return [field("line", line) for line in taken]

    def close(self, command=None):
        for token in self.tokens.values():
            TG.tg_token_free(token)
        self.tokens.clear()
        TG.tg_conn_free(self.conn)
        self.conn = None
        return []

    def secrets(self, function, conn, *arguments):
        secrets = ctypes.c_void_p()
        call(function, conn, *arguments, ctypes.byref(secrets))
        count = TG.tg_secrets_count(secrets)
        told = [field("count", count)]
        for i in range(count):
            told += [
                field("alias", TG.tg_secrets_alias(secrets, i)), field("value", TG.tg_secrets_value(secrets, i)),
                field("graph", TG.tg_secrets_graph(secrets, i)), field("masked", TG.tg_secrets_is_masked(secrets, i)),
            ]
        TG.tg_secrets_free(secrets)
        return told

    def token(self, function, conn, *arguments):
        token = ctypes.c_void_p()
        call(function, conn, *arguments, ctypes.byref(token))
        value = TG.tg_token_value(token)
        TG.tg_token_free(self.tokens.pop(value, None))
        self.tokens[value] = token
        return [
            field("value", value), field("header", TG.tg_token_header(token)),
            field("expires_at", TG.tg_token_expires_at(token)), field("expiration", TG.tg_token_expiration(token)),
        ]

    def get_secrets(self, command, conn):
        return self.secrets(TG.tg_get_secrets, conn, command.text("user"))

    def show_secrets(self, command, conn):
        return self.secrets(TG.tg_show_secrets, conn, command.text("user"))

    def create_secret(self, command, conn):
        given = [command.text(name) for name in ("alias", "value", "user")]
        return self.secrets(TG.tg_create_secret, conn, *given)

    def ensure_secret(self, command, conn):
        return self.secrets(TG.tg_ensure_secret, conn, command.text("alias"))

    def drop_secret(self, command, conn):
        flags = command.flags(ignore_missing="TG_IGNORE_MISSING")
        call(TG.tg_drop_secret, conn, command.text("alias"), command.text("user"), flags)
        return []

    def drop_secrets(self, command, conn):
        aliases = command.all("alias")
        array = (ctypes.c_char_p * len(aliases))(*aliases)
        flags, dropped = command.flags(ignore_missing="TG_IGNORE_MISSING"), ctypes.c_size_t()
        call(TG.tg_drop_secrets, conn, array, len(aliases), command.text("user"), flags, ctypes.byref(dropped))
        return [field("dropped", dropped.value)]

    @staticmethod
    def token_flags(command):
        return command.flags(
            keep_current="TG_TOKEN_KEEP_CURRENT", **{"global": "TG_TOKEN_GLOBAL"}, or_new="TG_TOKEN_OR_NEW")

    def get_token(self, command, conn):
        lifetime = command.number("lifetime_s")
        return self.token(TG.tg_get_token, conn, command.text("secret"), lifetime, self.token_flags(command))

    def refresh_token(self, command, conn):
        given = (command.text("secret"), command.text("token"), command.number("lifetime_s"))
        return self.token(TG.tg_refresh_token, conn, *given, self.token_flags(command))

    def delete_token(self, command, conn):
        flags = command.flags(ignore_missing="TG_IGNORE_MISSING")
        call(TG.tg_delete_token, conn, command.text("secret"), command.text("token"), flags)
        return []

    def check_jwt_token(self, command, conn):
        valid = ctypes.c_int32(-1)
        call(TG.tg_check_jwt_token, conn, command.text("jwt"), ctypes.byref(valid))
        return [field("valid", valid.value)]

    def authorization(self, command, conn):
        return self.token(TG.tg_authorization, conn)

    def try_authorization(self, command, conn):
        return self.token(TG.tg_try_authorization, conn)

    def current_token(self, command, conn):
        return self.token(TG.tg_current_token, conn)

    def reject_token(self, command, conn):
        TG.tg_reject_token(conn, self.tokens[command.text("value")])
        return []

    def get_secret(self, command, conn):
        return self.secrets(TG.tg_get_secret, conn, command.text("alias"), command.text("user"))

    def check_token(self, command, conn):
        valid = ctypes.c_int32(-1)
        call(TG.tg_check_token, conn, self.tokens[command.text("value")], ctypes.byref(valid))
        return [field("valid", valid.value)]

    @staticmethod
    def server(command):
        return VALUE["TG_SERVER_GATEWAY" if command.text("server") == b"gateway" else "TG_SERVER_RESTPP"]

    def url(self, command, conn):
        return [field("url", TG.tg_conn_url(conn, self.server(command)))]

    def token_url(self, command, conn):
        return [field("url", TG.tg_token_url(self.tokens[command.text("value")], self.server(command)))]

    def ca_pem(self, command, conn):
        return [field("ca_pem", TG.tg_conn_ca_pem(conn))]

    def is_token_refused(self, command, conn):
        body = command.text("body") or b""
        status = command.number("http_status")
        return [field("refused", TG.tg_is_token_refused(self.server(command), status, body, len(body)))]

    def send(self, command, conn):
        request = TG.tg_request_new(command.text("method"), self.server(command), command.text("path"))
        response = ctypes.c_void_p()
        try:
            if command.text("header_name") is not None:
                TG.tg_request_set_header(request, command.text("header_name"), command.text("header_value"))
            body = command.text("body")
            if body is not None:
                TG.tg_request_set_body(request, body, len(body), command.text("content_type"))
            TG.tg_request_set_response_limit(request, command.number("response_limit"))
            call(TG.tg_send, conn, request, ctypes.byref(response))
        finally:
            TG.tg_request_free(request)
        length = TG.tg_response_body_length(response)
        told = [
            field("http_status", TG.tg_response_http_status(response)),
            field("content_type", TG.tg_response_header(response, b"Content-Type")),
            field("body", ctypes.string_at(TG.tg_response_body(response), length)),
        ]
        TG.tg_response_free(response)
        return told

    def server_version(self, command, conn):
        numbers = [ctypes.c_int32() for _ in range(3)]
        call(TG.tg_server_version, conn, *(ctypes.byref(number) for number in numbers))
        return [field("version", ".".join(str(number.value) for number in numbers))]

    def library_version(self, command):
        return [field("version", TG.tg_version())]

    def diagnose(self, command, conn):
        report = ctypes.c_void_p()
        call(TG.tg_diagnose, conn, command.flags(offline="TG_REPORT_OFFLINE"), ctypes.byref(report))
        told = [field("text", TG.tg_report_text(report)), field("json", TG.tg_report_json(report))]
        TG.tg_report_free(report)
        return told

    def within_limits(self, command):
        """Carries out a call, with a handle of its own if it has a limit of its own."""
        run = getattr(self, command.word)
        if not (command.text("timeout_ms") or command.text("cancel_after_ms")):
            return run(command, self.conn)
        conn, stopper = TG.tg_conn_clone(self.conn), None
        try:
            if command.text("timeout_ms"):
                TG.tg_conn_set_timeout(conn, command.number("timeout_ms"))
            if command.text("cancel_after_ms"):
                stopper = threading.Timer(command.number("cancel_after_ms") / 1000, TG.tg_conn_cancel, [conn])
                stopper.start()
            return run(command, conn)
        finally:
            if stopper:
                stopper.cancel()
                stopper.join()
            TG.tg_conn_free(conn)

    def answer(self, line):
        command = Command(line)
        try:
            if command.word in OF_THE_PROGRAM:
                told = getattr(self, command.word)(command)
            else:
                told = self.within_limits(command)
        except Failed as failed:
            return "\t".join(["error", *failed.args[0]])
        return "\t".join(["ok", *told])


def main():
    program = Program()
    for line in sys.stdin:
        print(program.answer(line), flush=True)
    program.close()
    for lent in program.lent:
        lent.await_return()


main()
