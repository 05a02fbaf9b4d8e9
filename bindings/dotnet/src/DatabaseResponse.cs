using System;
using System.Runtime.InteropServices;
using System.Text;
#if !NETSTANDARD2_0
using System.Threading;
#endif

namespace TigerGraphAuth
{
    /// <summary>
    /// The complete answer to a request. Immutable, for any number of threads. Dispose of it to have the library's copy
    /// of the body wiped and freed at once.
    /// </summary>
    public sealed class DatabaseResponse : IDisposable
    {
        private readonly ResponseHandle _handle;
#if !NETSTANDARD2_0
        private byte[]? _body;
#endif

        internal DatabaseResponse(ResponseHandle handle)
        {
            _handle = handle;
            HttpStatus = NativeMethods.tg_response_http_status(handle);
            Length = checked((int)NativeMethods.tg_response_body_length(handle));
            handle.TellCollector(Length);
        }

        /// <summary>The HTTP status, such as 200.</summary>
        public int HttpStatus { get; }

        /// <summary>The length of the body in bytes.</summary>
        public int Length { get; }

#if !NETSTANDARD2_0
        /// <summary>
        /// The body. It is copied from the library's memory when it is first asked for. Not in the file for
        /// <c>netstandard2.0</c>, which has <see cref="Bytes"/>.
        /// </summary>
        /// <exception cref="ObjectDisposedException">The response was disposed of.</exception>
        public ReadOnlyMemory<byte> Body
        {
            get
            {
                _handle.ThrowIfClosed(nameof(DatabaseResponse));
                byte[] body = Volatile.Read(ref _body) ?? Bytes();
                Volatile.Write(ref _body, body);
                return body;
            }
        }
#endif

        /// <summary>The body, copied anew by each call.</summary>
        /// <returns>A copy of the caller's own.</returns>
        /// <exception cref="ObjectDisposedException">The response was disposed of.</exception>
        public byte[] Bytes() =>
            ReadBody(bytes =>
            {
                var copy = new byte[Length];
                Marshal.Copy(bytes, copy, 0, Length);
                return copy;
            });

        /// <summary>The body as text in UTF-8, without a mark of byte order before it.</summary>
        /// <returns>The text; what is not UTF-8 in it is replaced.</returns>
        /// <exception cref="ObjectDisposedException">The response was disposed of.</exception>
        public string Text() => ReadBody(TextOf);

        /// <summary>The value of the first header with this name.</summary>
        /// <param name="name">The name, in any case.</param>
        /// <returns>The value, where what is not UTF-8 is replaced; null if there is none, or an empty one.</returns>
        /// <exception cref="ArgumentNullException"><paramref name="name"/> is null.</exception>
        /// <exception cref="ObjectDisposedException">The response was disposed of.</exception>
        public string? Header(string name)
        {
            using var nameText = new NativeText(name ?? throw new ArgumentNullException(nameof(name)), nameof(name));
            return _handle.Read(
                nameof(DatabaseResponse),
                () => NativeText.ReadOrNull(NativeMethods.tg_response_header(_handle, nameText.Pointer)));
        }

        /// <summary>Frees the response, and wipes the library's copy of its body.</summary>
        public void Dispose() => _handle.Dispose();

        /// <summary>The HTTP status and the length of the body.</summary>
        /// <returns>Text that may be logged.</returns>
        public override string ToString() => $"HTTP {HttpStatus} with {Length} bytes";

        private unsafe string TextOf(IntPtr body)
        {
            var bytes = (byte*)body;
            bool isMarked = Length >= 3 && bytes[0] == 0xef && bytes[1] == 0xbb && bytes[2] == 0xbf;
            int mark = isMarked ? 3 : 0;
            return Length == mark ? string.Empty : Encoding.UTF8.GetString(bytes + mark, Length - mark);
        }

        private T ReadBody<T>(Func<IntPtr, T> read) =>
            _handle.Read(nameof(DatabaseResponse), () => read(NativeMethods.tg_response_body(_handle)));
    }
}
