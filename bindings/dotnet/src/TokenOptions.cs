using System;

namespace TigerGraphAuth
{
    /// <summary>How a token is asked for.</summary>
    [Flags]
    public enum TokenOptions
    {
        /// <summary>For the configured graph, and to be the connection's own.</summary>
        None = 0,

        /// <summary>Do not make the token the connection's own: the connection does not change.</summary>
        KeepCurrent = 1,

        /// <summary>Request a token for all graphs, whatever graph is configured.</summary>
        Global = 2,

        /// <summary>
        /// For <see cref="TigerGraphConnection.RefreshToken"/>: on servers that cannot refresh, ask for a new token.
        /// </summary>
        OrNew = 4,
    }
}
