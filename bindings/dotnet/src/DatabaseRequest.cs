using System;
using System.Collections.Generic;
using System.Text;

namespace TigerGraphAuth
{
    /// <summary>
    /// A request to the database, for <see cref="TigerGraphConnection.Send"/>, which says what is wrong with it. It may
    /// be sent any number of times, by several threads at once, but must not be changed while it is being sent.
    /// </summary>
    public sealed class DatabaseRequest
    {
        private static readonly UTF8Encoding Utf8 = new UTF8Encoding(false, throwOnInvalidBytes: true);

        private int _responseLimit;

        /// <summary>A request without headers of its own and without a body.</summary>
        /// <param name="method">A method of HTTP in capital letters, but not CONNECT or TRACE.</param>
        /// <param name="path">Begins with a slash, is already percent-encoded, and may have a query:
        /// <c>/query/MyGraph/my_query?vertex=5</c>. What stands before it, <c>/restpp</c> included, comes from the
        /// connection.</param>
        /// <param name="server">The part of TigerGraph that it is for.</param>
        /// <exception cref="ArgumentNullException">The method or the path is null.</exception>
        public DatabaseRequest(string method, string path, Server server = Server.Restpp)
        {
            Method = method ?? throw new ArgumentNullException(nameof(method));
            Path = path ?? throw new ArgumentNullException(nameof(path));
            Server = server;
        }

        /// <summary>The method, such as <c>GET</c>.</summary>
        public string Method { get; }

        /// <summary>The path and the query.</summary>
        public string Path { get; }

        /// <summary>The part of TigerGraph that it is for.</summary>
        public Server Server { get; }

        /// <summary>
        /// Headers, such as <c>GSQL-TIMEOUT</c> in milliseconds; the case of their names does not matter. Those that
        /// the library sets itself are refused: Authorization, Host, Content-Type (see <see cref="ContentType"/>) and
        /// so on.
        /// </summary>
        public IDictionary<string, string> Headers { get; } =
            new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

        /// <summary>The body, of any length. Default: none.</summary>
        public byte[]? Body { get; set; }

        /// <summary>The type of the body, such as <c>application/json</c>. Default: none is told.</summary>
        public string? ContentType { get; set; }

        /// <summary>
        /// The longest body that the answer may have, in bytes. Default: 64 MiB. A longer one is an error with the
        /// reason <c>protocol.too_large</c>.
        /// </summary>
        /// <exception cref="ArgumentOutOfRangeException">The limit is negative.</exception>
        public int ResponseLimit
        {
            get => _responseLimit;
            set => _responseLimit = value >= 0
                ? value
                : throw new ArgumentOutOfRangeException(nameof(value), value, "A limit is from 0 (64 MiB) on.");
        }

        /// <summary>Sets the body to a text, in UTF-8, and its type.</summary>
        /// <param name="text">The text.</param>
        /// <param name="contentType">The type of the body; null: none is told.</param>
        /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
        /// <exception cref="ArgumentException">The text has one half of a surrogate pair in it.</exception>
        public void SetBody(string text, string? contentType = "application/json")
        {
            Body = Utf8.GetBytes(text ?? throw new ArgumentNullException(nameof(text)));
            ContentType = contentType;
        }

        /// <summary>Method and path, without query, headers and body.</summary>
        /// <returns>Text that may be logged.</returns>
        public override string ToString() => $"{Method} {Path.Split('?')[0]}";
    }
}
