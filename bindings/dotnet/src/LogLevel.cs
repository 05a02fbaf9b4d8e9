namespace TigerGraphAuth
{
    /// <summary>How much a log line matters. No line ever holds a credential.</summary>
    public enum LogLevel
    {
        /// <summary>
        /// A token could not be renewed, and no valid one is left. Other failures are returned to the caller and not
        /// logged.
        /// </summary>
        Error = 1,

        /// <summary>Something works, but needs attention.</summary>
        Warning = 2,

        /// <summary>Something worth knowing happened.</summary>
        Information = 3,

        /// <summary>Every request: method, path, status and duration. Never a query, a header or a body.</summary>
        Debug = 4,
    }
}
