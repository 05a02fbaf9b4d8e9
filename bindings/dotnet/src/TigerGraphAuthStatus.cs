namespace TigerGraphAuth
{
    /// <summary>
    /// What a program can do about a failure. <see cref="TigerGraphAuthException.Reason"/> says
    /// exactly what happened.
    /// </summary>
    /// <remarks>Numbers never change meaning. Later versions may add some: treat one you do not know as a failure.
    /// </remarks>
    public enum TigerGraphAuthStatus
    {
        /// <summary>Done. Never the status of an exception.</summary>
        Ok = 0,

        /// <summary>An argument or a setting is wrong; nothing was sent.</summary>
        InvalidArgument = 1,

        /// <summary>No connection to the server.</summary>
        Connect = 2,

        /// <summary>A time limit was exceeded.</summary>
        Timeout = 3,

        /// <summary>The server's certificate or the TLS session was refused; nothing of the request was sent.</summary>
        Tls = 4,

        /// <summary>The answer is not one that a TigerGraph server gives.</summary>
        Protocol = 5,

        /// <summary>The server refused the credentials.</summary>
        Unauthenticated = 6,

        /// <summary>The credentials are valid, but do not allow this.</summary>
        Forbidden = 7,

        /// <summary>The secret, token, graph, user or endpoint does not exist.</summary>
        NotFound = 8,

        /// <summary>A secret with this alias already exists.</summary>
        AlreadyExists = 9,

        /// <summary>This server version cannot do it.</summary>
        Unsupported = 10,

        /// <summary>REST++ authentication is off on the server: no token is needed.</summary>
        AuthDisabled = 11,

        /// <summary>The server is busy, starting or limiting requests: try again later.</summary>
        Unavailable = 12,

        /// <summary>Another error on the server.</summary>
        Server = 13,

        /// <summary>A request that is not safe to repeat may have been carried out.</summary>
        UnknownOutcome = 14,

        /// <summary>There is no token, and no login to get one.</summary>
        NoCredentials = 15,

        /// <summary>A bug in the library; the connection can still be used.</summary>
        Internal = 16,

        /// <summary>The call was cancelled.</summary>
        Cancelled = 17,

        /// <summary>A token is on its way. No method here gives it: the Async methods wait for the token.</summary>
        Pending = 18,
    }
}
