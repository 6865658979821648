# Two images of one program:
#   docker build --target small -t parley .      nothing but the static binary: hears, thinks and speaks by vendors
#   docker build --target try -t parley:try .    with this machine's speech and MP3, so that it talks without any key
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=0.1.0-dev
ENV CGO_ENABLED=0
RUN go build -trimpath -tags=static,timetzdata -ldflags="-s -w -buildid= -X main.version=${VERSION}" -o /out/small/parley ./cmd/parley \
 && go build -trimpath -tags=timetzdata -ldflags="-s -w -buildid= -X main.version=${VERSION}" -o /out/try/parley ./cmd/parley \
 && go build -o /out/inventory ./packaging/inventory \
 && for image in small try; do /out/inventory --version "${VERSION}" --sbom "/out/$image/parley.cdx.json" --licences "/out/$image/THIRD_PARTY.txt" "/out/$image/parley" || exit 1; done \
 && cp LICENSE /out/small/ && cp LICENSE /out/try/ \
 && mkdir -p /out/small/own/data/recordings /out/small/own/tmp /out/try/own/data/recordings && chmod 700 /out/*/own/* /out/*/own/data/recordings

FROM debian:12-slim AS try
# The speech of the distribution, at the version that it has.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates flite espeak-ng pocketsphinx pocketsphinx-en-us lame \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /out/try/LICENSE /out/try/THIRD_PARTY.txt /out/try/parley.cdx.json /usr/share/doc/parley/
COPY --from=build /out/try/parley /usr/local/bin/parley
COPY --from=build --chown=65532:65532 /out/try/own/ /
USER 65532:65532
ENV PARLEY_DATA=/data
VOLUME /data
WORKDIR /data
# The API; SIP, also over TLS. The sound takes UDP 20000-29999: run it on the host's network, or give both sides a narrower PARLEY_RTP_PORTS.
EXPOSE 8080 5060/udp 5060/tcp 5061/tcp 5066/udp
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/parley"]
CMD ["serve"]

FROM scratch AS small
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build /out/small/LICENSE /out/small/THIRD_PARTY.txt /out/small/parley.cdx.json /usr/share/doc/parley/
COPY --from=build /out/small/parley /usr/local/bin/parley
COPY --from=build --chown=65532:65532 /out/small/own/ /
USER 65532:65532
ENV PARLEY_DATA=/data
VOLUME /data
WORKDIR /data
EXPOSE 8080 5060/udp 5060/tcp 5061/tcp 5066/udp
STOPSIGNAL SIGTERM
ENTRYPOINT ["/usr/local/bin/parley"]
CMD ["serve"]
