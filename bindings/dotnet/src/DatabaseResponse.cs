using System;
using System.Text;
using System.Threading;

namespace TigerGraphAuth
{
    /// <summary>
    /// The complete answer to a request. Immutable, for any number of threads. Dispose of it to have the library's copy
    /// of the body wiped and freed at once.
    /// </summary>
    public sealed class DatabaseResponse : IDisposable
    {
        private readonly ResponseHandle _handle;
        private byte[]? _body;

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

        /// <summary>The body. It is copied from the library's memory when it is first asked for.</summary>
        /// <exception cref="ObjectDisposedException">The response was disposed of.</exception>
        public ReadOnlyMemory<byte> Body
        {
            get
            {
                _handle.ThrowIfClosed(nameof(DatabaseResponse));
                byte[] body = Volatile.Read(ref _body) ?? ReadBody(bytes => bytes.ToArray());
                Volatile.Write(ref _body, body);
                return body;
            }
        }

        /// <summary>The body as text in UTF-8, without a mark of byte order before it.</summary>
        /// <returns>The text; what is not UTF-8 in it is replaced.</returns>
        /// <exception cref="ObjectDisposedException">The response was disposed of.</exception>
        public string Text() => ReadBody(bytes => Encoding.UTF8.GetString(WithoutMark(bytes)));

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

        private static ReadOnlySpan<byte> WithoutMark(ReadOnlySpan<byte> text) =>
            text.StartsWith(Encoding.UTF8.Preamble) ? text.Slice(Encoding.UTF8.Preamble.Length) : text;

        private unsafe T ReadBody<T>(BodyReader<T> read) =>
            _handle.Read(
                nameof(DatabaseResponse),
                () => read(new ReadOnlySpan<byte>((void*)NativeMethods.tg_response_body(_handle), Length)));

        private delegate T BodyReader<T>(ReadOnlySpan<byte> body);
    }
}
