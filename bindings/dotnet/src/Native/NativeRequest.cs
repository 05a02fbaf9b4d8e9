using System;
using System.Collections.Generic;

namespace TigerGraphAuth
{
    /// <summary>Hands a request to the library.</summary>
    internal static class NativeRequest
    {
        public static RequestHandle From(DatabaseRequest request)
        {
            using var method = new NativeText(request.Method, nameof(request.Method));
            using var path = new NativeText(request.Path, nameof(request.Path));
            RequestHandle handle = NativeMethods.tg_request_new(method.Pointer, (int)request.Server, path.Pointer);
            try
            {
                Fill(handle.IsInvalid ? throw new OutOfMemoryException() : handle, request);
            }
            catch
            {
                handle.Dispose();
                throw;
            }
            return handle;
        }

        private static void Fill(RequestHandle handle, DatabaseRequest request)
        {
            foreach (KeyValuePair<string, string> header in request.Headers)
            {
                using var name = new NativeText(header.Key, nameof(request.Headers));
                using var value = new NativeText(header.Value, nameof(request.Headers));
                NativeMethods.tg_request_set_header(handle, name.Pointer, value.Pointer);
            }
            SetBody(handle, request);
            NativeMethods.tg_request_set_response_limit(handle, (ulong)request.ResponseLimit);
        }

        private static unsafe void SetBody(RequestHandle handle, DatabaseRequest request)
        {
            if (request.Body == null)
            {
                return;
            }
            using var contentType = new NativeText(request.ContentType, nameof(request.ContentType));
            // An empty body is one, too, and has an address.
            fixed (byte* body = request.Body.Length == 0 ? new byte[1] : request.Body)
            {
                var length = (UIntPtr)request.Body.Length;
                NativeMethods.tg_request_set_body(handle, (IntPtr)body, length, contentType.Pointer);
            }
        }
    }
}
