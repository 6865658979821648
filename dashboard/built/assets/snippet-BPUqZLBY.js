import{as as o,at as p,au as c}from"./index-BR1TG5tc.js";function u(n,s,...e){var r=new c(n);o(()=>{const a=s()??null;r.ensure(a,a&&(t=>a(t,...e)))},p)}export{u as s};
