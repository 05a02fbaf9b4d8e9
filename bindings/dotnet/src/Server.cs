namespace TigerGraphAuth
{
    /// <summary>A part of TigerGraph that requests are for.</summary>
    public enum Server
    {
        /// <summary>REST++: queries, graph data, loading jobs.</summary>
        Restpp = 1,

        /// <summary>The gateway: GSQL, secrets, tokens.</summary>
        Gateway = 2,
    }
}
