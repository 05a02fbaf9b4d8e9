using System;

namespace TigerGraphAuth
{
    /// <summary>Addresses as the library tells them.</summary>
    internal static class Address
    {
        /// <summary>The library tells an empty one where there is no such server.</summary>
        public static string Of(Server server, string told) =>
            told.Length > 0
                ? told
                : throw new ArgumentOutOfRangeException(nameof(server), server, "There is no such part of TigerGraph.");

        /// <summary>A path without a slash before it could go on with the name of the host.</summary>
        public static Uri Join(string address, string path)
        {
            if (path == null)
            {
                throw new ArgumentNullException(nameof(path));
            }
            return path.StartsWith("/", StringComparison.Ordinal)
                ? new Uri(address + path)
                : throw new ArgumentException("The path does not begin with a slash.", nameof(path));
        }
    }
}
