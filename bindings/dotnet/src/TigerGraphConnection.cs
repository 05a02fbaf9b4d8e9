using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;

namespace TigerGraphAuth
{
    /// <summary>
    /// A connection to one server: its settings, its login, its current token. For any number of threads at once.
    /// </summary>
    /// <remarks>
    /// <para>Calls that send something end within their time limit (<see cref="WithTimeout"/>). They throw
    /// <see cref="TigerGraphAuthException"/> when they fail, and <see cref="OperationCanceledException"/>, with the
    /// former inside, when their cancellation token stopped them. A token that was cancelled before the call sends
    /// nothing.</para>
    /// <para>Each has an <c>Async</c> twin that does the same on a thread of its own, which waits for the answer in
    /// place of the caller's. It is not a thread of the pool, so calls that wait do not delay the program's timers and
    /// tasks.</para>
    /// </remarks>
    public sealed partial class TigerGraphConnection : IDisposable
    {
        private const uint IgnoreMissing = 1;
        private const uint Offline = 1;

        private readonly ConnectionHandle _handle;
        private Action<LogLevel, string>? _debugLog;
        private readonly CancellationTokenSource _closing = new CancellationTokenSource();

        /// <summary>
        /// Checks the settings and makes a connection from them. Sends nothing; reads the files that settings name
        /// and, for https without a CA setting, the system's trust store (once in a process).
        /// </summary>
        /// <param name="options">The settings, which are copied.</param>
        /// <exception cref="ArgumentNullException"><paramref name="options"/> is null.</exception>
        /// <exception cref="ArgumentException">A text has a NUL character in it, or a number is out of range.
        /// </exception>
        /// <exception cref="TigerGraphAuthException">A setting is wrong; the message names it.</exception>
        /// <exception cref="DllNotFoundException">The native library is missing or of another version; the message
        /// says what to do.</exception>
        public TigerGraphConnection(ConnectionOptions options)
        {
            using ConfigHandle config = NativeConfig.From(options ?? throw new ArgumentNullException(nameof(options)));
            int status = NativeMethods.tg_conn_new(config, out _handle, out IntPtr error);
            TigerGraphAuthException.ThrowIfFailed(status, error);
            _debugLog = options.LogLevel >= LogLevel.Debug ? options.Log : null;
        }

        private TigerGraphConnection(ConnectionHandle handle, Action<LogLevel, string>? debugLog)
        {
            _handle = handle;
            _debugLog = debugLog;
        }

        /// <summary>The version of the native library that is running, such as <c>0.1.0</c>.</summary>
        /// <exception cref="DllNotFoundException">The native library is missing or of another version.</exception>
        public static string LibraryVersion
        {
            get
            {
                NativeLoader.EnsureLoaded();
                return NativeText.Read(NativeMethods.tg_version());
            }
        }

        /// <summary>
        /// The same connection with another limit for each whole call: same login, same token, same sockets. To be
        /// disposed of by itself; neither object disturbs the other.
        /// </summary>
        /// <param name="timeout">The limit, up to 49 days; zero: as configured.</param>
        /// <returns>Another object for the same connection.</returns>
        /// <exception cref="ArgumentOutOfRangeException">The limit is negative or too long.</exception>
        /// <exception cref="ObjectDisposedException">The connection was disposed of.</exception>
        public TigerGraphConnection WithTimeout(TimeSpan timeout)
        {
            uint milliseconds = Duration.Milliseconds(timeout, nameof(timeout));
            ConnectionHandle clone = Clone();
            NativeMethods.tg_conn_set_timeout(clone, milliseconds);
            return new TigerGraphConnection(clone, _debugLog);
        }

        /// <summary>Asks for the server's version.</summary>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The version, such as 4.1.2.</returns>
        public Version GetServerVersion(CancellationToken cancellationToken = default) =>
            Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_server_version(
                    connection, out int major, out int minor, out int patch, out IntPtr error);
                TigerGraphAuthException.ThrowIfFailed(status, error);
                return new Version(major, minor, patch);
            });

        /// <summary>
        /// All secrets of the connection's user or of another. Servers before 4.1 mask the values
        /// (<see cref="Secret.IsMasked"/>).
        /// </summary>
        /// <param name="user">Another user; for 4.1 and later, and superusers only.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The secrets.</returns>
        public IReadOnlyList<Secret> GetSecrets(string? user = null, CancellationToken cancellationToken = default)
        {
            using var userText = new NativeText(user, nameof(user));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_get_secrets(
                    connection, userText.Pointer, out SecretsHandle secrets, out IntPtr error);
                return Read(secrets, status, error);
            });
        }

        /// <summary>
        /// The secret with this alias. Servers before 4.1 mask its value (<see cref="Secret.IsMasked"/>). If there is
        /// none, the status is <see cref="TigerGraphAuthStatus.NotFound"/>.
        /// </summary>
        /// <param name="alias">Its name.</param>
        /// <param name="user">Another user; for 4.1 and later, and superusers only.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The secret.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="alias"/> is null.</exception>
        public Secret GetSecret(string alias, string? user = null, CancellationToken cancellationToken = default)
        {
            using var aliasText = Required(alias, nameof(alias));
            using var userText = new NativeText(user, nameof(user));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_get_secret(
                    connection, aliasText.Pointer, userText.Pointer, out SecretsHandle secret, out IntPtr error);
                return Read(secret, status, error).Single();
            });
        }

        /// <summary>The same as <see cref="GetSecrets"/>, under the name that pyTigerGraph once used.</summary>
        /// <param name="user">Another user; for 4.1 and later, and superusers only.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The secrets.</returns>
        [Obsolete("Call GetSecrets instead.")]
        public IReadOnlyList<Secret> ShowSecrets(string? user = null, CancellationToken cancellationToken = default)
        {
            using var userText = new NativeText(user, nameof(user));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_show_secrets(
                    connection, userText.Pointer, out SecretsHandle secrets, out IntPtr error);
                return Read(secrets, status, error);
            });
        }

        /// <summary>
        /// Creates a secret. Never repeated: if the answer does not come, the status is
        /// <see cref="TigerGraphAuthStatus.UnknownOutcome"/> and the message names the alias, so that you can look for
        /// the secret or drop it.
        /// </summary>
        /// <param name="alias">Its name; null: the library generates one.</param>
        /// <param name="value">A value of your own, for 4.1 and later. It has to go into the URL, where the server may
        /// log it; better let the server choose.</param>
        /// <param name="user">Another user, for 4.1 and later.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The secret with its alias and its value.</returns>
        public Secret CreateSecret(
            string? alias = null,
            string? value = null,
            string? user = null,
            CancellationToken cancellationToken = default)
        {
            using var aliasText = new NativeText(alias, nameof(alias));
            using var valueText = new NativeText(value, nameof(value));
            using var userText = new NativeText(user, nameof(user));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_create_secret(
                    connection,
                    aliasText.Pointer,
                    valueText.Pointer,
                    userText.Pointer,
                    out SecretsHandle secret,
                    out IntPtr error);
                return Read(secret, status, error).Single();
            });
        }

        /// <summary>
        /// The secret with this alias, created if there is none. Before 4.1 an existing secret is shown masked, so its
        /// value cannot be returned: then the status is <see cref="TigerGraphAuthStatus.AlreadyExists"/>.
        /// </summary>
        /// <param name="alias">Its name.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The secret with its alias and its value.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="alias"/> is null.</exception>
        public Secret EnsureSecret(string alias, CancellationToken cancellationToken = default)
        {
            using var aliasText = Required(alias, nameof(alias));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_ensure_secret(
                    connection, aliasText.Pointer, out SecretsHandle secret, out IntPtr error);
                return Read(secret, status, error).Single();
            });
        }

        /// <summary>Drops a secret. Before 4.1 its tokens become invalid, too.</summary>
        /// <param name="alias">Its name.</param>
        /// <param name="user">Another user, for 4.1 and later.</param>
        /// <param name="ignoreMissing">It is not an error if something does not exist. Other errors are
        /// still reported.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <exception cref="ArgumentNullException"><paramref name="alias"/> is null.</exception>
        public void DropSecret(
            string alias,
            string? user = null,
            bool ignoreMissing = false,
            CancellationToken cancellationToken = default)
        {
            using var aliasText = Required(alias, nameof(alias));
            using var userText = new NativeText(user, nameof(user));
            Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_drop_secret(
                    connection, aliasText.Pointer, userText.Pointer, MissingFlag(ignoreMissing), out IntPtr error);
                TigerGraphAuthException.ThrowIfFailed(status, error);
                return true;
            });
        }

        /// <summary>
        /// Drops several secrets with one request. If one does not exist the status is
        /// <see cref="TigerGraphAuthStatus.NotFound"/>, and before 4.1 the others are still dropped. With
        /// <paramref name="ignoreMissing"/> and more than one name, from 4.1 on, there is one more request before:
        /// the list, which tells what is there to drop.
        /// </summary>
        /// <param name="aliases">Their names.</param>
        /// <param name="user">Another user, for 4.1 and later.</param>
        /// <param name="ignoreMissing">It is not an error if something does not exist. Other errors are
        /// still reported.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>How many there were; a name that is given twice counts once.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="aliases"/> or one of them is null.</exception>
        public int DropSecrets(
            IEnumerable<string> aliases,
            string? user = null,
            bool ignoreMissing = false,
            CancellationToken cancellationToken = default)
        {
            if (aliases == null)
            {
                throw new ArgumentNullException(nameof(aliases));
            }
            var texts = new List<NativeText>();
            try
            {
                foreach (string alias in aliases)
                {
                    texts.Add(Required(alias, nameof(aliases)));
                }
                IntPtr[] pointers = texts.Select(text => text.Pointer).ToArray();
                using var userText = new NativeText(user, nameof(user));
                return Call(cancellationToken, connection =>
                {
                    int status = NativeMethods.tg_drop_secrets(
                        connection,
                        pointers,
                        (UIntPtr)pointers.Length,
                        userText.Pointer,
                        MissingFlag(ignoreMissing),
                        out UIntPtr dropped,
                        out IntPtr error);
                    TigerGraphAuthException.ThrowIfFailed(status, error);
                    return (int)dropped;
                });
            }
            finally
            {
                texts.ForEach(text => text.Dispose());
            }
        }

        /// <summary>
        /// Requests a new token. Always sends a request. The token becomes the connection's own unless
        /// <see cref="TokenOptions.KeepCurrent"/> says otherwise. For a token that is good now, most of the time
        /// without a request: <see cref="GetAuthorization"/>.
        /// </summary>
        /// <param name="secret">A secret; null: the connection's own login.</param>
        /// <param name="lifetime">How long it shall live; null: as configured, else the server's default. The server
        /// may grant less.</param>
        /// <param name="options">How it is asked for.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The token.</returns>
        public Token GetToken(
            string? secret = null,
            TimeSpan? lifetime = null,
            TokenOptions options = TokenOptions.None,
            CancellationToken cancellationToken = default)
        {
            using var secretText = new NativeText(secret, nameof(secret));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_get_token(
                    connection,
                    secretText.Pointer,
                    Duration.Seconds(lifetime),
                    (uint)options,
                    out TokenHandle token,
                    out IntPtr error);
                return Read(token, status, error);
            });
        }

        /// <summary>
        /// Extends the lifetime of a token. Servers from 4.1 on cannot: the status is
        /// <see cref="TigerGraphAuthStatus.Unsupported"/>, or with <see cref="TokenOptions.OrNew"/> a new token is
        /// requested.
        /// </summary>
        /// <param name="secret">A secret; null: the connection's own login.</param>
        /// <param name="oldToken">The token; null: the connection's own.</param>
        /// <param name="lifetime">How long it shall live; null: as configured, else the server's default.</param>
        /// <param name="options">How it is asked for.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The token.</returns>
        public Token RefreshToken(
            string? secret = null,
            string? oldToken = null,
            TimeSpan? lifetime = null,
            TokenOptions options = TokenOptions.None,
            CancellationToken cancellationToken = default)
        {
            using var secretText = new NativeText(secret, nameof(secret));
            using var oldTokenText = new NativeText(oldToken, nameof(oldToken));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_refresh_token(
                    connection,
                    secretText.Pointer,
                    oldTokenText.Pointer,
                    Duration.Seconds(lifetime),
                    (uint)options,
                    out TokenHandle token,
                    out IntPtr error);
                return Read(token, status, error);
            });
        }

        /// <summary>
        /// Deletes a token. The connection no longer uses a token that was deleted. From 4.1 on it gets onto the user's
        /// block list, which is short (20 by default).
        /// </summary>
        /// <param name="secret">A secret; null: the connection's own login.</param>
        /// <param name="token">The token; null: the connection's own.</param>
        /// <param name="ignoreMissing">It is not an error if something does not exist. Other errors are
        /// still reported.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        public void DeleteToken(
            string? secret = null,
            string? token = null,
            bool ignoreMissing = false,
            CancellationToken cancellationToken = default)
        {
            using var secretText = new NativeText(secret, nameof(secret));
            using var tokenText = new NativeText(token, nameof(token));
            Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_delete_token(
                    connection, secretText.Pointer, tokenText.Pointer, MissingFlag(ignoreMissing), out IntPtr error);
                TigerGraphAuthException.ThrowIfFailed(status, error);
                return true;
            });
        }

        /// <summary>
        /// Asks the server whether it accepts a JWT; for 4.1 and later. An exception means that the check was not
        /// possible. The check works on the server that issued the token.
        /// </summary>
        /// <param name="jwt">The JWT.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>Whether the server takes it.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="jwt"/> is null.</exception>
        public bool CheckJwtToken(string jwt, CancellationToken cancellationToken = default)
        {
            using var jwtText = Required(jwt, nameof(jwt));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_check_jwt_token(
                    connection, jwtText.Pointer, out int valid, out IntPtr error);
                TigerGraphAuthException.ThrowIfFailed(status, error);
                return valid != 0;
            });
        }

        /// <summary>
        /// As <see cref="CheckJwtToken"/>, for a token of this library. One of a server without authentication has no value: then the status
        /// is <see cref="TigerGraphAuthStatus.AuthDisabled"/>.
        /// </summary>
        /// <param name="token">The token.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>Whether the server takes it.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
        /// <exception cref="ObjectDisposedException">The connection or the token was disposed of.</exception>
        public bool CheckToken(Token token, CancellationToken cancellationToken = default)
        {
            TokenHandle handle = (token ?? throw new ArgumentNullException(nameof(token))).Handle;
            handle.ThrowIfClosed(nameof(Token));
            return Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_check_token(connection, handle, out int valid, out IntPtr error);
                TigerGraphAuthException.ThrowIfFailed(status, error);
                return valid != 0;
            });
        }

        /// <summary>
        /// A valid token, for the Authorization header of a request to the database: the connection's own while it
        /// is fresh, renewed in time by one request, no matter how many threads call this. Call this
        /// before every request: while the token is fresh, nothing is sent. <see cref="Send"/> does it, and
        /// <see cref="AuthorizationHandler"/> for HttpClient.
        /// </summary>
        /// <remarks>
        /// A failed renewal is no error as long as the old token is good; without one, callers get the failure at once,
        /// with the time until the next try in <see cref="TigerGraphAuthException.RetryAfter"/>. A JWT as login, and an
        /// API token without a login, are never renewed. If the database refuses the token
        /// (<see cref="IsTokenRefused(Server, int, byte[])"/>), call <see cref="RejectToken"/> and ask once more.
        /// </remarks>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>The token; its value and header are empty if REST++ authentication is off.</returns>
        public Token GetAuthorization(CancellationToken cancellationToken = default) =>
            Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_authorization(connection, out TokenHandle token, out IntPtr error);
                return Read(token, status, error);
            });

        /// <summary>The connection's own token as it is, fresh or not. Sends nothing.</summary>
        /// <returns>The token.</returns>
        /// <exception cref="TigerGraphAuthException">There is none: the status is
        /// <see cref="TigerGraphAuthStatus.NoCredentials"/>.</exception>
        /// <exception cref="ObjectDisposedException">The connection was disposed of.</exception>
        public Token CurrentToken()
        {
            _handle.ThrowIfClosed(nameof(TigerGraphConnection));
            int status = NativeMethods.tg_current_token(_handle, out TokenHandle token, out IntPtr error);
            return Read(token, status, error);
        }

        /// <summary>
        /// Tells the connection that the database refused a token: if it is still the connection's own, it is never
        /// returned again, and the next <see cref="GetAuthorization"/> gets a new one. Sends nothing. After
        /// two tokens in a row were rejected within a minute of their issue, no token is requested for 30 seconds.
        /// </summary>
        /// <param name="token">The token.</param>
        /// <exception cref="ArgumentNullException"><paramref name="token"/> is null.</exception>
        /// <exception cref="ObjectDisposedException">The connection or the token was disposed of.</exception>
        public void RejectToken(Token token)
        {
            if (token == null)
            {
                throw new ArgumentNullException(nameof(token));
            }
            _handle.ThrowIfClosed(nameof(TigerGraphConnection));
            token.Handle.ThrowIfClosed(nameof(Token));
            NativeMethods.tg_reject_token(_handle, token.Handle);
        }

        /// <summary>
        /// Finds out whether this connection can work and, if not, why, and how to fix it: name lookup, connection,
        /// TLS, server, credentials, database, and where each setting came from. There is a report also if nothing
        /// works. A token that the login brings becomes the connection's own.
        /// </summary>
        /// <param name="offline">Report only what is known, and send nothing.</param>
        /// <param name="cancellationToken">Stops the call.</param>
        /// <returns>What was found.</returns>
        public DiagnosticReport Diagnose(bool offline = false, CancellationToken cancellationToken = default) =>
            Call(cancellationToken, connection =>
            {
                int status = NativeMethods.tg_diagnose(
                    connection, offline ? Offline : 0, out ReportHandle report, out IntPtr error);
                using (report)
                {
                    TigerGraphAuthException.ThrowIfFailed(status, error);
                    return new DiagnosticReport(report);
                }
            });

        /// <summary>
        /// Stops the calls that are running on this object, and frees it. Sends nothing, never waits. The last object
        /// of a connection wipes its credentials.
        /// </summary>
        public void Dispose()
        {
            _debugLog = null;
            _closing.Cancel();
            CallCanceller.Cancel(_handle);
            _handle.Dispose();
        }

        private static IReadOnlyList<Secret> Read(SecretsHandle secrets, int status, IntPtr error)
        {
            using (secrets)
            {
                TigerGraphAuthException.ThrowIfFailed(status, error);
                return Secret.ReadAll(secrets);
            }
        }

        private static Token Read(TokenHandle token, int status, IntPtr error)
        {
            TigerGraphAuthException.ThrowIfFailed(status, error);
            return new Token(token);
        }

        private static NativeText Required(string text, string name) =>
            new NativeText(text ?? throw new ArgumentNullException(name), name);

        private static uint MissingFlag(bool ignoreMissing) => ignoreMissing ? IgnoreMissing : 0;

        /// <summary>
        /// Makes a call. One that can be cancelled gets a handle of its own: cancelling a handle stops all its calls.
        /// </summary>
        private T Call<T>(CancellationToken cancellationToken, Func<ConnectionHandle, T> call)
        {
            _handle.ThrowIfClosed(nameof(TigerGraphConnection));
            if (!cancellationToken.CanBeCanceled)
            {
                return call(_handle);
            }
            cancellationToken.ThrowIfCancellationRequested();
            using ConnectionHandle own = Clone();
            using var canceller = new CallCanceller(own, cancellationToken, _closing.Token);
            try
            {
                return call(own);
            }
            catch (TigerGraphAuthException e) when (cancellationToken.IsCancellationRequested && WasStopped(e.Status))
            {
                throw new OperationCanceledException(e.Message, e, cancellationToken);
            }
        }

        private static bool WasStopped(TigerGraphAuthStatus status) =>
            status == TigerGraphAuthStatus.Cancelled || status == TigerGraphAuthStatus.UnknownOutcome;

        private ConnectionHandle Clone()
        {
            _handle.ThrowIfClosed(nameof(TigerGraphConnection));
            ConnectionHandle clone = NativeMethods.tg_conn_clone(_handle);
            return clone.IsInvalid ? throw new OutOfMemoryException() : clone;
        }
    }
}
